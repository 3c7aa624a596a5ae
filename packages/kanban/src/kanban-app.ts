import type { Clock, Log } from '@talaria/core'
import { FailureThrottle, hostGuard, operatorRoutes, responseOfFailure, SECURITY_HEADERS, type OperatorRoutesOptions } from '@talaria/core/http'
import type { ApiKeyReader, Databases } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { authorizeByKey } from './authorize-key.ts'
import type { Planner } from './graphs/planner.ts'
import { mcpRoutes } from './mcp/mcp-routes.ts'
import type { KanbanControl } from './routes/kanban-control.ts'
import { kanbanRoutes } from './routes/kanban-routes.ts'
import type { KanbanSettings } from './settings.ts'

export interface KanbanAppOptions {
  readonly databases: Databases
  readonly planner: Planner
  /** Where workers' logs lie. */
  readonly logsFolder: string
  /** Aborts when streams are to end, because the service stops. */
  readonly signal: AbortSignal
  readonly settings: KanbanSettings
  readonly version: string
  readonly control: KanbanControl
  readonly apiKeys: ApiKeyReader
  readonly operator: Pick<OperatorRoutesOptions, 'isDraining' | 'checks' | 'budget' | 'eventLoopDelay' | 'metrics' | 'handles'>
  readonly clock: Clock
  readonly log: Log
}

/** What answers at `KANBAN_PORT`: the operator's routes and the boards', both behind keys but for `/health`. */
export function createKanbanApp(options: KanbanAppOptions): Hono {
  const { databases, planner, settings, version, control, apiKeys, logsFolder, signal, clock, log } = options
  const authorize = authorizeByKey({ rootKey: settings.key, apiKeys, throttle: new FailureThrottle(clock), log })
  const authorizeOperator = async (c: Context) => {
    const user = await authorize(c)
    if (user instanceof Response) return user
    return user.scopes.has('admin') ? undefined : c.json({ error: { code: 'insufficient_scope', message: "This key lacks the scope 'admin'." } }, 403)
  }
  const app = new Hono()
  app.onError((error) => responseOfFailure(error, log))
  app.notFound((c) => c.json({ error: { code: 'not_found', message: `Nothing is at ${c.req.method} ${c.req.path.slice(0, 200)}.` } }, 404))
  app.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!c.res.headers.has(name)) c.res.headers.set(name, value)
  })
  app.use(hostGuard({ boundTo: settings.host, allowed: settings.allowedHosts, setting: 'KANBAN_ALLOWED_HOSTS' }))
  app.route('/', operatorRoutes({ ...options.operator, service: 'kanban', version, authorize: authorizeOperator, clock }))
  app.get('/status', async (c) => (await authorizeOperator(c)) ?? c.json(await control.status()))
  app.route('/', mcpRoutes({ databases, authorize, version, log }))
  app.route('/', kanbanRoutes({ databases, planner, control, authorize, logsFolder, signal, clock, log }))
  return app
}
