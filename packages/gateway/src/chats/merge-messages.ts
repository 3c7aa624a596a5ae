import type { Inbound } from '@talaria/db'
import type { InboundMessage } from './inbound-message.ts'

/** A text this close to the longest that a platform takes may be the first part of a longer one: clients cut at a blank. */
const NEARLY_FULL = 0.9

/** A message out of the row in which it was written down. */
export function inboundMessageOf(row: Inbound): InboundMessage {
  return row.body as unknown as InboundMessage
}

/** Whether more of this message may be on its way: it is part of an album, or its client may have cut it. */
export function mayGoOn({ albumId, text, attachments }: InboundMessage, maxLength: number): boolean {
  return albumId !== undefined || (attachments.length === 0 && text.length >= maxLength * NEARLY_FULL)
}

/** How many of these, from the first, are one message that a platform or a client has split. */
export function lengthOfFirst(rows: readonly Inbound[], maxLength: number): number {
  const messages = rows.map(inboundMessageOf)
  let length = Math.min(1, rows.length)
  while (length < messages.length && belongTogether(messages[length - 1]!, messages[length]!, maxLength)) length += 1
  return length
}

function belongTogether(one: InboundMessage, next: InboundMessage, maxLength: number): boolean {
  if (one.sender.id !== next.sender.id) return false
  return one.albumId === undefined ? mayGoOn(one, maxLength) && next.albumId === undefined && next.attachments.length === 0 : one.albumId === next.albumId
}

/** One message out of its parts; answered as a reply to the last of them. */
export function mergeMessages(messages: readonly InboundMessage[]): InboundMessage {
  const [first] = messages
  if (!first || messages.length === 1) return first!
  return {
    ...first,
    messageId: messages.at(-1)!.messageId,
    text: messages
      .map((message) => message.text)
      .filter((text) => text !== '')
      .join('\n'),
    attachments: messages.flatMap((message) => message.attachments),
  }
}
