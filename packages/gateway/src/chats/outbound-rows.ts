import { createId } from '@talaria/core'
import type { NewOutbound } from '@talaria/db'
import type { ChatAddress } from './chat-address.ts'
import type { OutboundAttachment } from './outbound-message.ts'
import { splitText } from './split-text.ts'

/** A message that streaming has sent of an answer. */
export interface Draft {
  /** Our id of it. */
  readonly id: string
  /** The platform's; `undefined` when nobody knows whether it arrived. */
  readonly messageId?: string
}

/** One message to a chat before it is cut into what the platform takes. */
export interface Reply {
  readonly kind: NewOutbound['kind']
  readonly address: ChatAddress
  readonly text: string
  readonly attachments?: readonly OutboundAttachment[]
  readonly replyTo?: string
  readonly sessionKey?: string
  readonly turnId?: string
  readonly silent?: boolean
  /** Messages that streaming has made of it already, in order: the first parts become edits of them. */
  readonly drafts?: readonly Draft[]
}

/** The rows of the outbox that a message becomes: one for each part of its text and for each file. None, where there is nothing to say. */
export function outboundRows(reply: Reply, room: number): readonly NewOutbound[] {
  const { kind, address, sessionKey, turnId, silent, attachments: files = [], drafts = [] } = reply
  const group = createId('msg')
  const parts = splitText(reply.text, room)
  const row = (chunk: number, text: string, attachments: readonly OutboundAttachment[]): NewOutbound => ({
    id: createId('out'),
    group,
    chunk,
    address,
    kind,
    text,
    attachments,
    // The first part answers the message; all of them answering it would be noise.
    ...(chunk === 0 && reply.replyTo !== undefined && { replyTo: reply.replyTo }),
    ...(sessionKey !== undefined && { sessionKey }),
    ...(turnId !== undefined && { turnId }),
    ...(silent && { silent }),
    ...(chunk < parts.length && drafts[chunk] && madeOf(drafts[chunk])),
  })
  return [...parts.map((text, index) => row(index, text, [])), ...files.map((file, index) => row(parts.length + index, '', [file]))]
}

/** What the platform has surely becomes an edit; what it may have is asked after first. */
function madeOf({ id, messageId }: Draft): Partial<Pick<NewOutbound, 'id' | 'sentMessageId' | 'uncertain'>> {
  return messageId === undefined ? { id, uncertain: true } : { sentMessageId: messageId }
}
