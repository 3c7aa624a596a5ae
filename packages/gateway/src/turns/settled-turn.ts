import type { Turn, TurnEvent } from '@talaria/db'
import type { TurnSummary } from './messages-of-events.ts'

/** A turn that has ended, with what its events add up to. */
export interface SettledTurn {
  readonly turn: Turn
  readonly summary: TurnSummary
  readonly events: readonly TurnEvent[]
}

/** The same as its runner sees it, which wrote the last event. */
export interface Settled extends SettledTurn {
  readonly terminal: TurnEvent
}
