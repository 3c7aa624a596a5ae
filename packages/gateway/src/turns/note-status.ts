import type { Log } from '@talaria/core'
import type { Turn, TurnStatus, TurnStore } from '@talaria/db'

/**
 * Notes a state that a turn passes through, unless it has left `from` or is another runner's by now. It is for who looks:
 * a database that does not take it down is no reason to end the turn.
 */
export async function noteStatus(
  turn: Turn,
  status: TurnStatus,
  { turns, log, from }: { readonly turns: TurnStore; readonly log: Log; readonly from: readonly TurnStatus[] },
): Promise<void> {
  try {
    await turns.setStatus(turn, status, from)
  } catch (error) {
    log.warn({ err: error, turn: turn.id, status }, 'the state of a turn could not be noted')
  }
}
