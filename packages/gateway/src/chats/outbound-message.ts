import type { ChatAddress } from './chat-address.ts'

/** A file to be sent. `path` has passed the path policy. */
export interface OutboundAttachment {
  readonly kind: 'image' | 'audio' | 'voice' | 'video' | 'document'
  readonly path: string
  readonly name: string
  readonly mediaType: string
}

/** One message to send: short enough for the platform, in Markdown; the platform renders it in its own markup. */
export interface OutboundMessage {
  /** Our id of the chunk. Platforms that accept a nonce or an idempotency key are given it. */
  readonly id: string
  readonly address: ChatAddress
  readonly text: string
  readonly attachments: readonly OutboundAttachment[]
  readonly replyTo?: string
  /** Without a notification, where the platform can. */
  readonly silent?: boolean
}
