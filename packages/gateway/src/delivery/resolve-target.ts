import type { ChatAddress, ChatStore } from '@talaria/db'
import type { DeliverTarget } from './deliver-target.ts'

/** What is known of the places that output may go to. */
export interface Places {
  readonly chats: Pick<ChatStore, 'list'>
  /** Names of all platforms. */
  readonly platforms: readonly string[]
  /** As whom we are on a platform, while it is connected. */
  readonly accountOn: (platform: string) => string | undefined
  /** The home chat that the settings name; one that was chosen in a chat comes before it. */
  readonly configuredHome: (platform: string) => Pick<ChatAddress, 'chatId' | 'threadId'> | undefined
}

/** The chats that a target means now, or in a sentence why there is none. */
export type Resolved = { readonly addresses: readonly ChatAddress[] } | { readonly problem: string }

/** More chats than one platform has for one agent; a bound for what is read at once. */
const LIMIT = 1_000

/** Finds the chats of a target. `origin` is the chat that a job was made in, or that a message came from. */
export async function resolveTarget(target: DeliverTarget, origin: ChatAddress | null, places: Places): Promise<Resolved> {
  switch (target.kind) {
    case 'session':
    case 'none':
      return { addresses: [] }
    case 'origin': {
      if (origin) return { addresses: [origin] }
      const [home] = await homesOn(places.platforms, places)
      return home ? { addresses: [home] } : { problem: 'The job was not made in a chat, and there is no home chat to take its place.' }
    }
    case 'home': {
      const homes = await homesOn(target.platform === undefined ? places.platforms : [target.platform], places)
      return homes.length > 0 ? { addresses: homes } : { problem: `There is no home chat${target.platform === undefined ? '' : ` on ${target.platform}`}.` }
    }
    case 'chat':
      return resolveChat(target.platform, target.reference, places)
  }
}

async function homesOn(platforms: readonly string[], places: Places): Promise<readonly ChatAddress[]> {
  const chosen = (await places.chats.list({ homeOnly: true, limit: LIMIT })).map(({ address }) => address)
  const homes: ChatAddress[] = []
  for (const platform of platforms) {
    const there = chosen.filter((address) => address.platform === platform)
    const configured = places.configuredHome(platform)
    const account = configured && (await accountOn(platform, places))
    homes.push(...(there.length > 0 || !configured || account === undefined ? there : [{ platform, account, ...configured }]))
  }
  return homes
}

/** An id may itself hold colons, so the directory decides where the thread begins. */
async function resolveChat(platform: string, reference: string, places: Places): Promise<Resolved> {
  const directory = await places.chats.list({ platform, limit: LIMIT })
  const colon = reference.lastIndexOf(':')
  const [chatId, threadId] = colon === -1 ? [reference, ''] : [reference.slice(0, colon), reference.slice(colon + 1)]
  const whole = directory.find(({ address }) => address.chatId === reference)
  if (whole) return { addresses: [{ ...whole.address, threadId: '' }] }
  const chat = directory.find(({ address }) => address.chatId === chatId)
  if (chat) return { addresses: [{ ...chat.address, threadId }] }
  const named = directory.find(({ name }) => name === reference)
  if (named) return { addresses: [named.address] }
  const account = await accountOn(platform, places)
  if (account === undefined) return { problem: `${platform} is not connected, and no chat there is known yet, so nothing can be sent to ${reference}.` }
  return { addresses: [{ platform, account, chatId, threadId }] }
}

/** As whom a chat is written to in which nobody has been heard: as in the others there. */
async function accountOn(platform: string, { accountOn: connectedAs, chats }: Places): Promise<string | undefined> {
  return connectedAs(platform) ?? (await chats.list({ platform, limit: 1 }))[0]?.address.account
}
