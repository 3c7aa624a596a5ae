import type { ChatAddress, ChatStore } from '@talaria/db'
import type { DeliverTarget } from './deliver-target.ts'

export interface ResolveOptions {
  readonly origin: ChatAddress | null
  readonly chats: Pick<ChatStore, 'list'>
}

/** The chats that a target means now, or in a sentence why there is none. */
export type Resolved = { readonly addresses: readonly ChatAddress[] } | { readonly problem: string }

/** More chats than anybody has on one platform under one name; a bound for what is read at once. */
const LIMIT = 1_000

/** Finds the chats of a target in the directory. */
export async function resolveTarget(target: DeliverTarget, { origin, chats }: ResolveOptions): Promise<Resolved> {
  switch (target.kind) {
    case 'session':
    case 'none':
      return { addresses: [] }
    case 'origin': {
      if (origin) return { addresses: [origin] }
      const [home] = await chats.list({ homeOnly: true, limit: 1 })
      return home ? { addresses: [home.address] } : { problem: 'The job was not made in a chat, and there is no home chat to take its place.' }
    }
    case 'home': {
      const { platform } = target
      const homes = await chats.list({ homeOnly: true, limit: LIMIT, ...(platform !== undefined && { platform }) })
      return homes.length > 0 ? { addresses: homes.map(({ address }) => address) } : { problem: `There is no home chat${platform ? ` on ${platform}` : ''}.` }
    }
    case 'chat':
      return resolveChat(target.platform, target.reference, chats)
  }
}

/** An id may itself hold colons, so the directory decides where the thread begins. */
async function resolveChat(platform: string, reference: string, chats: ResolveOptions['chats']): Promise<Resolved> {
  const directory = await chats.list({ platform, limit: LIMIT })
  const known = directory.map(({ address }) => address)
  const colon = reference.lastIndexOf(':')
  const [chatId, threadId] = colon === -1 ? [reference, ''] : [reference.slice(0, colon), reference.slice(colon + 1)]
  const whole = known.find((address) => address.chatId === reference)
  if (whole) return { addresses: [{ ...whole, threadId: '' }] }
  const chat = known.find((address) => address.chatId === chatId)
  if (chat) return { addresses: [{ ...chat, threadId }] }
  const named = directory.find(({ name }) => name === reference)
  if (named) return { addresses: [named.address] }
  // Of a chat that nobody wrote in yet we know as whom we would: as in the other chats there.
  const account = known[0]?.account
  if (account === undefined) return { problem: `No chat on ${platform} is known yet, so nothing can be sent to ${reference}.` }
  return { addresses: [{ platform, account, chatId, threadId }] }
}
