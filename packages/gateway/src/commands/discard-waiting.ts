import type { InboundStore } from '@talaria/db'

/** Takes everything that waits out of the queue of a conversation; how much it was. What is just being answered goes on. */
export async function discardWaiting(inbound: InboundStore, sessionKey: string): Promise<number> {
  let discarded = 0
  for (const { id } of await inbound.waiting(sessionKey)) if (await inbound.discard(id)) discarded++
  return discarded
}
