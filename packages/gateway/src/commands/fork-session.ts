import type { Session } from '@talaria/db'
import { newSessionOf } from './command-place.ts'
import type { Invocation } from './command.ts'

export interface ForkSession {
  /** The last position that is copied; all of them unless given. */
  readonly upTo?: number
  readonly title?: string
}

/** Goes on in a copy of the conversation; the original stays as it is. */
export async function forkSession({ place, services }: Invocation<unknown>, session: Session, { upTo, title }: ForkSession = {}): Promise<Session> {
  const name = title ?? session.title
  const into = {
    ...newSessionOf(place),
    ...(name !== null && { title: name }),
    ...(session.model !== null && { model: session.model }),
    ...(session.systemPrompt !== null && { systemPrompt: session.systemPrompt }),
  }
  const fork = await services.stores.sessions.fork(session.id, place.viewer, into, upTo === undefined ? {} : { upTo })
  if (!fork) throw new Error(`session ${session.id} is gone`)
  await place.moveTo(fork)
  return fork
}
