import { basename } from 'node:path'
import type { Attachment, ParsedMail } from 'mailparser'
import type { InboundAttachment, InboundMessage } from '../../chats/inbound-message.ts'
import { newTextOf } from './new-text.ts'

/** Where a message lies in the mailbox. A UID means nothing under another validity. */
export interface MailPlace {
  readonly uidValidity: string
  readonly uid: number
}

/** The one address that a message says it is from, in lower case; `undefined` when it names none, or several. */
export function senderOf({ from }: ParsedMail): string | undefined {
  const [sender, ...others] = from?.value ?? []
  const address = sender?.address?.toLowerCase()
  return others.length === 0 && address !== undefined && isAddress(address) ? address : undefined
}

/** Whether this is one plain address, and nothing that adds a recipient or a header. */
export const isAddress = (text: string): boolean => /^[^\s@<>(),:;"\\]{1,64}@[^\s@<>(),:;"\\]{1,253}$/.test(text)

/** A message of a mailbox in our words; its thread is named by the first message of it. */
export function inboundOfMail(
  mail: ParsedMail,
  { account, from, place, nowMs }: { readonly account: string; readonly from: string; readonly place: MailPlace; readonly nowMs: number },
): InboundMessage {
  const messageId = idIn(mail.messageId) ?? `${place.uidValidity}:${place.uid}`
  const references = [mail.references ?? []].flat().flatMap((id) => idIn(id) ?? [])
  const repliesTo = idIn(mail.inReplyTo)
  const name = mail.from?.value[0]?.name
  const isFirst = references.length === 0 && repliesTo === undefined
  const text = newTextOf(mail.text ?? '')
  return {
    address: { platform: 'email', account, chatId: from, threadId: references[0] ?? repliesTo ?? messageId },
    kind: 'direct',
    chatName: name || from,
    messageId,
    sender: { id: from, ...(name && { name }) },
    text: isFirst && mail.subject ? `${mail.subject}\n\n${text}`.trim() : text,
    attachments: mail.attachments.map((attachment, index) => attachmentOf(attachment, { ...place, index })),
    ...(repliesTo !== undefined && { replyTo: { messageId: repliesTo, isOurs: repliesTo.endsWith(`@${account.split('@')[1]}>`) } }),
    mentionsUs: true,
    sentAt: mail.date?.getTime() ?? nowMs,
  }
}

function attachmentOf({ contentType, filename, size }: Attachment, ref: Readonly<Record<string, unknown>>): InboundAttachment {
  const family = contentType.split('/')[0]
  return {
    kind: family === 'image' || family === 'audio' || family === 'video' ? family : 'document',
    ...(filename !== undefined && { name: safeName(filename) }),
    mediaType: contentType,
    size,
    ref,
  }
}

/** A name without a path: the sender chose it. */
const safeName = (name: string) =>
  basename(name.replaceAll('\\', '/'))
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
    .replace(/^\.+/, '')
    .slice(-120) || 'attachment'

/** A message id as headers have it; anything else in its place could add a header of its own. */
const idIn = (text: string | undefined) => /^<[\x21-\x3b=\x3f-\x7e]{1,250}>$/.exec(text?.trim() ?? '')?.[0]
