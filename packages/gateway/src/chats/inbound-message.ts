import type { ChatAddress } from './chat-address.ts'

/** What kind of place a chat is; it decides whether people share a session there, and whether we must be mentioned. */
export type ChatKind = 'direct' | 'group' | 'channel' | 'thread'

/** Who wrote a message, as the platform vouches for it. Only `id` may decide anything: names are chosen by their bearers. */
export interface Sender {
  readonly id: string
  readonly name?: string
  readonly isBot?: boolean
  /** Ids of roles or groups that the platform says the sender has here. */
  readonly roles?: readonly string[]
}

/** A file that came with a message. It is fetched only when the message has been authorised. */
export interface InboundAttachment {
  readonly kind: 'image' | 'audio' | 'voice' | 'video' | 'document'
  readonly name?: string
  readonly mediaType?: string
  /** Bytes, where the platform says so. */
  readonly size?: number
  /** What the platform's `download` needs to fetch it; JSON, kept with the message. */
  readonly ref: Readonly<Record<string, unknown>>
}

/** A message as it came in, in our words. JSON: it is written down before the platform is told that it arrived. */
export interface InboundMessage {
  readonly address: ChatAddress
  readonly kind: ChatKind
  readonly chatName?: string
  /** The chat that a thread belongs to. */
  readonly parentChatId?: string
  /** The platform's id; a second message with it is a duplicate. */
  readonly messageId: string
  readonly sender: Sender
  readonly text: string
  readonly attachments: readonly InboundAttachment[]
  readonly replyTo?: { readonly messageId: string; readonly text?: string; readonly isOurs?: boolean }
  /** By the platform's own entities or by a reply to us, never by looking for a name in the text. */
  readonly mentionsUs: boolean
  /** Milliseconds since the epoch, by the platform's clock. */
  readonly sentAt: number
  /** The same for all parts of what the platform split, such as an album; they become one message. */
  readonly albumId?: string
  /** The platform proved by a secret that this message may be answered, as webhooks do: no allow-list is asked. Its text is never a command. */
  readonly isVouchedFor?: boolean
  /** Nobody wrote it: the conversation of this owner is woken by something that happened. Its text is never a command, and its answer no reply. */
  readonly wakes?: { readonly owner: string }
  /** Where the answer goes instead of to where the message came from. */
  readonly delivery?: Delivery
}

/** Where something is delivered to. */
export interface Delivery {
  /** `telegram` (its home channel), `telegram:chat` or `telegram:chat:thread`; `log` is nowhere but the log. */
  readonly to: readonly string[]
  /** The text itself is delivered, and no agent is asked. */
  readonly isDirect?: boolean
}
