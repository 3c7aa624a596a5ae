import type { LiveTurn } from '../turns/live-turn.ts'
import type { CommandServices } from './command-services.ts'

/** More than one session ever has: each waits for those before it. */
const LIMIT = 50

/** The answers that are being written in a session by this gateway, the oldest first. */
export async function runningTurns({ stores, turns }: Pick<CommandServices, 'stores' | 'turns'>, sessionId: string): Promise<readonly LiveTurn[]> {
  const underWay = await stores.turns.list({ all: true }, { sessionId, status: ['queued', 'running', 'waiting_for_approval'], limit: LIMIT })
  return underWay
    .toReversed()
    .map(({ id }) => turns.live(id))
    .filter((live) => live !== undefined)
}
