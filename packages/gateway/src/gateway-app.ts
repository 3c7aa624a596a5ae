import { createId, judgeSecret, type Clock, type Log } from '@talaria/core'
import type { ServiceStatus } from '@talaria/core/contracts'
import { FailureThrottle, hostGuard, operatorRoutes, type OperatorRoutesOptions, SECURITY_HEADERS } from '@talaria/core/http'
import type { ApiKeyStore } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { answerWith } from './api/answer-headers.ts'
import type { ApiEnv } from './api/api-context.ts'
import { ApiError } from './api/api-error.ts'
import { callerOf } from './api/authenticate.ts'
import { requireScope } from './api/caller.ts'
import { cors } from './api/cors.ts'
import { docsPage } from './api/docs-page.ts'
import { openApiOf } from './api/openapi.ts'
import { renderError } from './api/render-error.ts'
import type { ApiServer } from './platforms/api-server.ts'
import { mountedPlatforms } from './platforms/mounted-platforms.ts'
import type { PlatformSupervisors } from './platforms/supervisors.ts'
import type { GatewaySettings } from './settings.ts'

export interface GatewayAppOptions {
  readonly settings: GatewaySettings
  readonly version: string
  readonly apiServer: ApiServer
  readonly supervisors: PlatformSupervisors
  readonly status: () => ServiceStatus
  readonly operator: Pick<OperatorRoutesOptions, 'isDraining' | 'checks' | 'budget' | 'eventLoopDelay' | 'metrics' | 'handles'>
  readonly apiKeys: ApiKeyStore
  readonly clock: Clock
  readonly log: Log
}

/** The gateway's one listener: operator's routes, documentation, and the platforms that are mounted on it. */
export function createGatewayApp(options: GatewayAppOptions) {
  const { settings, version, apiServer, supervisors, clock, log } = options
  const authorize = authorizeOperator(options)
  const app = new Hono<ApiEnv>()
  app.onError((error, c) => renderError(error, c, log))
  app.notFound((c) =>
    renderError(new ApiError('not_found', `Nothing is at ${c.req.method} ${c.req.path.slice(0, 200)}. /openapi.json lists what there is.`), c, log),
  )
  app.use((c, next) => answerWith(c, { ...SECURITY_HEADERS, 'X-Request-Id': createId('req') }, next))
  app.use(hostGuard({ boundTo: settings.apiServerHost, allowed: settings.allowedHosts, setting: 'API_SERVER_ALLOWED_HOSTS' }))
  app.use(cors(settings.corsOrigins))
  const operator = operatorRoutes({ ...options.operator, service: 'gateway', version, authorize, clock })
  app.route('/', operator)
  app.get('/v1/health', () => operator.request('/health'))
  app.get('/status', async (c) => (await authorize(c)) ?? c.json(options.status()))
  app.route('/', mountedPlatforms({ supervisors, clock, log }))
  app.get('/openapi.json', async (c) => c.json(await openApiOf(apiServer.app, version)))
  app.get('/docs', async (c) => c.html(docsPage(await openApiOf(apiServer.app, version))))
  const toApiServer = (c: Context<ApiEnv>) => apiServer.app.fetch(c.req.raw, c.env)
  return app.all('/v1/*', toApiServer).all('/api/*', toApiServer)
}

/** Whoever may see the inside of this service: the root key and admins. */
function authorizeOperator({ settings, apiKeys, clock, log }: GatewayAppOptions) {
  const throttle = new FailureThrottle(clock)
  return async (c: Context<ApiEnv>): Promise<Response | undefined> => {
    try {
      const verdict = judgeSecret(settings.apiServerKey)
      if (verdict !== 'ok') throw new ApiError('api_server_not_ready', `Without a key nobody can be let in here: API_SERVER_KEY ${verdict.reason}.`)
      requireScope(await callerOf(c, { rootKey: settings.apiServerKey ?? '', apiKeys, throttle, log }), 'admin')
      return undefined
    } catch (error) {
      return renderError(error, c, log)
    }
  }
}
