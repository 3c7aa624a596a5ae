import { Hono } from 'hono'
import type { Commands } from '../commands/commands.ts'
import type { Pairing } from '../pairing/pairing.ts'
import type { Reload } from '../reload.ts'
import type { Runner } from '../turns/runner.ts'
import { backupsRoutes, type Backups } from '../routes/backups.ts'
import { capabilitiesRoutes, type Endpoint } from '../routes/capabilities.ts'
import { chatCompletionsRoutes } from '../routes/chat-completions.ts'
import { commandsRoutes } from '../routes/commands.ts'
import { conversationsRoutes } from '../routes/conversations.ts'
import { jobsRoutes, type Jobs } from '../routes/jobs.ts'
import { deliveriesRoutes } from '../routes/deliveries.ts'
import { keysRoutes } from '../routes/keys.ts'
import { modelsRoutes } from '../routes/models.ts'
import { pairingRoutes } from '../routes/pairing.ts'
import { platformsRoutes, type PlatformControl } from '../routes/platforms.ts'
import { reloadRoutes } from '../routes/reload.ts'
import { responseToolsRoutes } from '../routes/response-tools.ts'
import { responsesRoutes } from '../routes/responses.ts'
import { runsRoutes } from '../routes/runs.ts'
import { sessionChatRoutes } from '../routes/session-chat.ts'
import { sessionQueueRoutes } from '../routes/session-queue.ts'
import { sessionsRoutes } from '../routes/sessions.ts'
import type { ApiApp, ApiContext, ApiEnv } from './api-context.ts'
import { ApiError } from './api-error.ts'
import { authenticate, type AuthenticateOptions } from './authenticate.ts'
import { Idempotency } from './idempotency.ts'
import { renderError } from './render-error.ts'

export interface ApiAppOptions {
  readonly api: ApiContext
  readonly auth: AuthenticateOptions
  readonly runner: Runner
  readonly backups: Backups
  readonly jobs: Jobs
  readonly platforms: PlatformControl
  readonly commands: Commands
  readonly pairing: Pairing
  /** Absent where settings do not come from files. */
  readonly reload?: Reload
}

/** Everything under `/v1` and `/api`. Opens nothing. */
export function createApiApp({ api, auth, runner, backups, jobs, platforms, commands, pairing, reload }: ApiAppOptions): ApiApp {
  const idempotency = new Idempotency({ stores: api.stores, runner, clock: api.clock, log: api.log })
  const app: ApiApp = new Hono<ApiEnv>()
  app.onError((error, c) => renderError(error, c, api.log))
  app.notFound((c) =>
    renderError(new ApiError('not_found', `Nothing is at ${c.req.method} ${c.req.path.slice(0, 200)}. /openapi.json lists what there is.`), c, api.log),
  )
  app.use(authenticate(auth))
  const v1 = new Hono<ApiEnv>()
    .route('/', modelsRoutes(api))
    .route(
      '/',
      capabilitiesRoutes(api, () => endpointsOf(app)),
    )
    .route('/', chatCompletionsRoutes(api, idempotency))
    .route('/', responseToolsRoutes(api, idempotency))
    .route('/', responsesRoutes(api, idempotency))
    .route('/', conversationsRoutes(api, idempotency))
    .route('/', runsRoutes(api, idempotency))
  const resources = new Hono<ApiEnv>()
    .route('/', sessionsRoutes(api, idempotency))
    .route('/', sessionChatRoutes(api, idempotency))
    .route('/', sessionQueueRoutes(api))
    .route('/', deliveriesRoutes(api))
    .route('/', jobsRoutes(api, idempotency, jobs))
    .route('/', keysRoutes(api))
    .route('/', backupsRoutes(api, backups))
    .route('/', platformsRoutes(api, platforms))
    .route('/', commandsRoutes(api, commands))
    .route('/', pairingRoutes(api, pairing))
    .route('/', reloadRoutes(reload))
  return app.route('/v1', v1).route('/api', resources)
}

/** Every route once, in order of their paths. */
function endpointsOf(app: ApiApp): readonly Endpoint[] {
  const known = new Map(
    app.routes.filter((route) => route.method !== 'ALL').map(({ method, path }) => [`${path} ${method}`, { method, path: path.replace(/\{[^}]*\}/g, '') }]),
  )
  return [...known.keys()].toSorted().map((key) => known.get(key)!)
}
