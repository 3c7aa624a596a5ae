import type { IllBoard } from '../boards/board-watch.ts'
import type { MemoryPressure } from '../dispatcher/memory-pressure.ts'

/** What a dispatcher says about itself. */
export interface DispatcherStatus {
  /** See `dispatcherId`. */
  readonly dispatcher: string
  readonly isPaused: boolean
  /** Workers that it watches over. */
  readonly running: number
  /** Workers of this home on this host at once. */
  readonly maxRunning: number
  readonly memoryPressure: MemoryPressure
  /** Boards that cannot be used, and why. */
  readonly illBoards: readonly IllBoard[]
}

/**
 * The dispatcher as routes and commands know it. Everything else that is wanted of it (a stop, a pause of one board) is
 * written to the board, where whichever dispatcher has the work finds it.
 */
export interface KanbanControl {
  /** Has it look for work now. */
  wake(): void
  /** Has it begin nothing, on any board, until it is resumed; what runs goes on. */
  pause(): void | Promise<void>
  resume(): void | Promise<void>
  isPaused(): boolean
  status(): DispatcherStatus | Promise<DispatcherStatus>
}
