import type { TurnAborted } from '../turns/turn-aborted.ts'
import type { Invocation } from './command.ts'
import { discardWaiting } from './discard-waiting.ts'
import { runningTurns } from './running-turns.ts'

/** What was going on in a conversation when it was told to end. */
export interface Ended {
  readonly answers: number
  /** Messages that waited for their turn. */
  readonly waiting: number
}

/** Ends what is being answered in a conversation, and takes what waits behind it out of its queue. */
export async function endAnswers({ place, services }: Invocation<unknown>, reason: TurnAborted): Promise<Ended> {
  const { stores, turns } = services
  // First what waits: else its turn would come with the end of the one before.
  const waiting = place.chat ? await discardWaiting(stores.inbound, place.chat.sessionKey) : 0
  const session = await place.session()
  if (!session) return { answers: 0, waiting }
  const running = await runningTurns(services, session.id)
  turns.stopSession(session.id, reason)
  return { answers: running.length, waiting }
}
