import { createId, TalariaError, type Clock } from '@talaria/core'
import type { ChatAddress, GatewayStores, Route } from '@talaria/db'
import { attachmentOf } from '../chats/attachment-of.ts'
import type { InboundMessage } from '../chats/inbound-message.ts'
import type { MediaCache } from '../chats/media-cache.ts'
import { outboundRows } from '../chats/outbound-rows.ts'
import { isShared, sessionKeyOf, type SessionSharing } from '../chats/session-key.ts'
import type { Turns } from '../turns/turns.ts'
import { wakeSession, type WakeSessionOptions } from './wake-session.ts'

/** What is said in a chat; its files are read only when it has not been said before. */
export interface Announcement {
  readonly text: string
  readonly files: () => Promise<readonly { readonly name: string; readonly bytes: Uint8Array }[]>
}

export interface NotificationsOptions extends WakeSessionOptions {
  readonly stores: GatewayStores
  readonly turns: Turns
  /** Has what waits in a conversation be answered. */
  readonly wake: (sessionKey: string) => void
  /** Where files lie until they have been sent. */
  readonly cache: MediaCache
  /** Names of the platforms that there are. */
  readonly platforms: readonly string[]
  /** How long a message may be on a platform. */
  readonly roomOn: (platform: string) => number
  readonly sharing: SessionSharing
  readonly clock: Clock
}

/**
 * What a gateway does for services that it does not know, such as boards: tells chats, and wakes conversations. Each call
 * names an id, and what was done under an id is not done again, by this process or another; when a call resolves it is on
 * disk. Whoever calls may therefore die at any moment and call again.
 */
export class Notifications {
  readonly #options: NotificationsOptions

  constructor(options: NotificationsOptions) {
    this.#options = options
  }

  /** Puts a message into the outbox of a chat. @throws TalariaError `unknown_platform` */
  async tell(chat: ChatAddress, { text, files }: Announcement, id: string): Promise<void> {
    const { stores, cache, platforms, roomOn } = this.#options
    const { platform, account, chatId, threadId } = chat
    if (!platforms.includes(platform)) throw new TalariaError('unknown_platform', `There is no platform '${platform.slice(0, 80)}'.`)
    if (await stores.outbound.get(id)) return
    const attachments = []
    for (const { name, bytes } of await files()) {
      const { kind, mediaType } = attachmentOf(name)
      attachments.push({ kind, mediaType, name, path: await cache.keep({ kind, name }, bytes) })
    }
    const rows = outboundRows({ kind: 'notice', address: { platform, account, chatId, threadId }, text, attachments }, roomOn(platform))
    await stores.outbound.addOnce(rows.map((row, chunk) => ({ ...row, group: id, id: chunk === 0 ? id : `${id}.${chunk}` })))
  }

  /**
   * Gives a conversation a turn that is asked by `text`, and says its answer where the conversation is; false where a chat
   * has none.
   *
   * @throws ApiError when there is no such session, or no turn can begin now.
   */
  async wake(conversation: (ChatAddress & { readonly sessionId?: string }) | { readonly sessionId: string }, text: string, id: string): Promise<boolean> {
    const { stores } = this.#options
    const [route] = conversation.sessionId === undefined ? [] : await stores.routes.ofSession(conversation.sessionId)
    if (route) return this.#wakeChat(route, text, id)
    if ('chatId' in conversation) {
      const there = await this.#routeIn(conversation)
      return there !== undefined && this.#wakeChat(there, text, id)
    }
    await wakeSession(conversation.sessionId, { text, id }, this.#options)
    return true
  }

  /** The conversation of a chat that has one: in a group where everybody has their own it would be anybody's. */
  async #routeIn({ platform, account, chatId, threadId }: ChatAddress): Promise<Route | undefined> {
    const { stores, sharing } = this.#options
    const address = { platform, account, chatId, threadId }
    const kind = (await stores.chats.get(address))?.kind
    if (!kind || (kind !== 'direct' && !isShared({ kind, address }, sharing))) return undefined
    return stores.routes.find(sessionKeyOf({ address, kind, sender: { id: '' } }, sharing))
  }

  async #wakeChat({ sessionKey, address, sessionId }: Route, text: string, id: string): Promise<boolean> {
    const { stores, wake, clock } = this.#options
    const session = await stores.sessions.get(sessionId, { all: true })
    if (!session) return false
    const now = clock.now()
    const body: InboundMessage = {
      address,
      kind: (await stores.chats.get(address))?.kind ?? 'direct',
      messageId: id,
      sender: { id: 'notification' },
      text,
      attachments: [],
      mentionsUs: true,
      sentAt: now,
      wakes: { owner: session.owner },
    }
    await stores.inbound.accept({ id: createId('in', now), address, messageId: id, sessionKey, sender: body.sender, body, mode: 'queue' })
    wake(sessionKey)
    return true
  }
}
