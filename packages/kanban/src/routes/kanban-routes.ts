import { BoardError, type Databases } from '@talaria/db'
import type { Clock, Log } from '@talaria/core'
import { Hono, type MiddlewareHandler } from 'hono'
import type { Planner } from '../graphs/planner.ts'
import { approvalsRoutes } from './approvals.ts'
import { attachmentsRoutes } from './attachments.ts'
import { boardExportRoutes, boardImportRoutes } from './board-archives.ts'
import { BoardFeeds } from './board-feeds.ts'
import { boardViewRoutes } from './board-view.ts'
import { BoardViews } from './board-views.ts'
import { boardRoutes, boardsRoutes } from './boards.ts'
import { bulkRoutes } from './bulk.ts'
import { authenticate, type Authorize } from './caller.ts'
import { commentsRoutes } from './comments.ts'
import { dispatcherRoutes } from './dispatcher.ts'
import { eventsRoutes } from './events.ts'
import { graphRoutes } from './graph-routes.ts'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import type { KanbanControl } from './kanban-control.ts'
import { linksRoutes } from './links.ts'
import { openApiRoute } from './openapi.ts'
import { Refusal } from './refusal.ts'
import { renderError } from './render-error.ts'
import { runsRoutes } from './runs.ts'
import { subscriptionsRoutes } from './subscriptions.ts'
import { taskActionsRoutes } from './task-actions.ts'
import { tasksRoutes } from './tasks.ts'

export interface KanbanRoutesOptions {
  readonly databases: Databases
  readonly control: KanbanControl
  /** Says who calls, or answers in their stead. */
  readonly authorize: Authorize
  /** Where workers' logs lie; without it there are none to be read. */
  readonly logsFolder?: string
  /** Aborts when streams are to end, because the server stops. */
  readonly signal?: AbortSignal
  /** Between signs of life of a quiet stream; 15 s unless given. */
  readonly keepAliveMs?: number
  /** Asks a model about tasks in triage; without it nobody can have that done here. */
  readonly planner?: Planner
  readonly clock: Clock
  readonly log: Log
}

/**
 * Everything under `/api/boards` and `/api/dispatcher`, for an application to mount at its root behind whatever it knows
 * people by. Opens nothing; what streams hold ends with them, or with `signal`.
 */
export function kanbanRoutes({ authorize, logsFolder, signal, keepAliveMs = 15_000, ...options }: KanbanRoutesOptions): Hono<KanbanEnv> {
  const api: KanbanApi = { ...options, logsFolder, signal, keepAliveMs, feeds: new BoardFeeds(), views: new BoardViews() }
  const app = new Hono<KanbanEnv>()
  app.onError((error, c) => {
    const { status, headers, error: body } = renderError(error, api.log, { method: c.req.method, path: c.req.path.slice(0, 200) })
    return c.json({ error: body }, status, { ...headers, 'Cache-Control': 'no-store' })
  })
  for (const path of ['/api/boards', '/api/dispatcher']) app.use(`${path}/*`, authenticate(authorize))
  return app
    .get('/api/boards/openapi.json', openApiRoute(app))
    .route('/api/dispatcher', dispatcherRoutes(api))
    .route('/api/boards', boardsRoutes(api))
    .route('/api/boards', boardImportRoutes(api))
    .use('/api/boards/:board/*', openBoard(api))
    .route('/api/boards/:board', boardRoutes(api))
    .route('/api/boards/:board', boardExportRoutes(api, api.log))
    .route('/api/boards/:board', boardViewRoutes(api))
    .route('/api/boards/:board', bulkRoutes(api))
    .route('/api/boards/:board', tasksRoutes())
    .route('/api/boards/:board', graphRoutes(api))
    .route('/api/boards/:board', taskActionsRoutes())
    .route('/api/boards/:board', commentsRoutes())
    .route('/api/boards/:board', linksRoutes())
    .route('/api/boards/:board', attachmentsRoutes())
    .route('/api/boards/:board', runsRoutes(api))
    .route('/api/boards/:board', approvalsRoutes())
    .route('/api/boards/:board', subscriptionsRoutes())
    .route('/api/boards/:board', eventsRoutes(api))
    .all('/api/boards/*', nothingHere)
    .all('/api/dispatcher/*', nothingHere)
}

/** Finds the board of the path, and holds off who would change one that was put away. */
function openBoard({ databases }: KanbanApi): MiddlewareHandler<KanbanEnv> {
  return async (c, next) => {
    const stores = databases.board(c.req.param('board')!)
    const board = await stores.board.get()
    const isReading = c.req.method === 'GET' || c.req.method === 'HEAD'
    const isOfTheArchive = c.req.path === `/api/boards/${board.slug}/restore` || (c.req.method === 'DELETE' && c.req.path === `/api/boards/${board.slug}`)
    if (board.archivedAt !== null && !isReading && !isOfTheArchive) {
      throw new BoardError('BOARD_ARCHIVED', `The board '${board.slug}' was put away and is read-only until it is restored.`)
    }
    c.set('stores', stores)
    c.set('board', board)
    await next()
  }
}

const nothingHere: MiddlewareHandler<KanbanEnv> = (c) => {
  throw new Refusal('NOT_FOUND', `Nothing is at ${c.req.method} ${c.req.path.slice(0, 200)}. /api/boards/openapi.json lists what there is.`)
}
