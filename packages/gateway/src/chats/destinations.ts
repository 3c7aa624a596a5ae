import type { Log } from '@talaria/core'
import type { ChatAddress } from '@talaria/db'
import { parseDeliverTarget } from '../delivery/deliver-target.ts'
import { resolveTarget, type Places, type Resolved } from '../delivery/resolve-target.ts'
import type { TurnOrigin } from './chat-settlement.ts'
import type { Reply } from './outbound-rows.ts'

/** Where something is to be said. */
type Destination = Pick<Reply, 'address' | 'replyTo' | 'sessionKey'>

/**
 * Where what answers a message is said: in its chat, or in the chats that the message names instead, each once. Where none
 * of them can be found it is its own after all, so that nothing is said to nobody.
 */
export async function destinationsOf(
  { address, replyTo, sessionKey, deliverTo }: Pick<TurnOrigin, 'address' | 'replyTo' | 'sessionKey' | 'deliverTo'>,
  places: Places,
  log: Log,
): Promise<readonly Destination[]> {
  const own: Destination = { address, sessionKey, ...(replyTo !== undefined && { replyTo }) }
  if (!deliverTo) return [own]
  const found = new Map<string, Destination>()
  let isLost = false
  for (const target of deliverTo) {
    const resolved = await resolve(target, address, places)
    if ('problem' in resolved) {
      log.error({ target, route: address.chatId, problem: resolved.problem }, 'an answer cannot be delivered')
      isLost = true
    } else {
      for (const there of resolved.addresses) found.set(keyOf(there), keyOf(there) === keyOf(address) ? own : { address: there })
    }
  }
  return found.size === 0 && isLost ? [own] : [...found.values()]
}

/** `log` is the platform's own: what is sent to where a webhook came from is logged. */
async function resolve(text: string, origin: ChatAddress, places: Places): Promise<Resolved> {
  if (text === 'log') return { addresses: [origin] }
  const target = parseDeliverTarget(text, places.platforms)
  return target ? resolveTarget(target, origin, places) : { problem: `There is no platform '${text}'.` }
}

function keyOf({ platform, account, chatId, threadId }: ChatAddress): string {
  return JSON.stringify([platform, account, chatId, threadId])
}
