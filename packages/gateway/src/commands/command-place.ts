import { createId } from '@talaria/core'
import type { ChatAddress, GatewayStores, Session, Viewer } from '@talaria/db'
import type { InboundMessage } from '../chats/inbound-message.ts'
import type { CommandContext } from './command-reply.ts'

/** Where a command was typed: a chat, or a session over HTTP. */
export interface CommandPlace {
  readonly owner: string
  /** Whose sessions it may see. */
  readonly viewer: Viewer
  /** Where its sessions come from: `telegram`, `api`. */
  readonly source: string
  readonly chat?: ChatPlace
  /** The conversation as it is; `undefined` before its first message. */
  session(): Promise<Session | undefined>
  /** Goes on in another session from now on. */
  moveTo(session: Session): Promise<void>
}

/** The chat a command was typed in. */
export interface ChatPlace {
  readonly address: ChatAddress
  readonly sessionKey: string
  readonly message: InboundMessage
}

/** The place of a command in a chat: its conversation is the one that its session key leads to. */
export function chatPlace(stores: Pick<GatewayStores, 'routes' | 'sessions'>, message: InboundMessage, { owner, sessionKey }: CommandContext): CommandPlace {
  const { address } = message
  const viewer = { owner }
  return {
    owner,
    viewer,
    source: address.platform,
    chat: { address, sessionKey, message },
    async session() {
      const route = await stores.routes.find(sessionKey)
      return route && stores.sessions.get(route.sessionId, viewer)
    },
    async moveTo(session) {
      await stores.routes.point(sessionKey, { address, sessionId: session.id })
    },
  }
}

/** The place of a command about a session over HTTP: the caller learns where it goes on, and asks there. */
export function sessionPlace(
  stores: Pick<GatewayStores, 'sessions'>,
  session: Session,
  caller: { readonly owner: string; readonly viewer: Viewer },
): CommandPlace {
  return {
    ...caller,
    source: session.source,
    session: () => stores.sessions.get(session.id, caller.viewer),
    moveTo: async () => {},
  }
}

/** What a new session of this place begins with. */
export function newSessionOf({ owner, source, chat }: CommandPlace) {
  return { id: createId('ses'), owner, source, ...(chat && { userId: chat.message.sender.id, metadata: { sessionKey: chat.sessionKey } }) }
}
