import type { Clock, Log } from '@talaria/core'
import type { Board, BoardStores, Databases } from '@talaria/db'
import type { Planner } from '../graphs/planner.ts'
import type { BoardFeeds } from './board-feeds.ts'
import type { BoardViews } from './board-views.ts'
import type { Caller } from './caller.ts'
import type { KanbanControl } from './kanban-control.ts'

/** What the routes are made of. */
export interface KanbanApi {
  readonly databases: Databases
  readonly control: KanbanControl
  readonly feeds: BoardFeeds
  readonly views: BoardViews
  /** Where workers' logs lie: a folder a board, a file a run. */
  readonly logsFolder: string | undefined
  readonly keepAliveMs: number
  /** Asks a model about tasks in triage. */
  readonly planner?: Planner
  /** Aborts when streams are to end. */
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
  readonly log: Log
}

/** What a request carries on its way to a route. */
export interface KanbanEnv {
  Variables: {
    caller: Caller
    /** Of the board in the path, which is there; only under `/{board}`. */
    board: Board
    stores: BoardStores
  }
}
