import { hash } from 'node:crypto'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import type { Sent } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { markdownCard, plainCard } from './card.ts'
import type { FeishuClient } from './feishu-client.ts'
import { readOutboundFile, type OutboundFile } from './outbound-file.ts'

/**
 * Sends a message: its text as a card, then each file. Every part has an id of ours, by which Feishu knows for an hour
 * that it has it already and answers with what it made of it then: sending again within that hour doubles nothing.
 */
export async function sendMessage(client: FeishuClient, message: OutboundMessage, signal: AbortSignal): Promise<Sent> {
  const files = await Promise.all(message.attachments.map(readOutboundFile))
  let sent: Sent | undefined
  if (message.text !== '') sent = await sendText(client, message, signal)
  for (const [index, file] of files.entries()) {
    const content = JSON.stringify(await upload(client, file, signal))
    const part = { type: file.messageType, content, uuid: uuidOf(message, `file ${index}`) }
    const { messageId } = await sendPart(client, message, { ...part, signal })
    sent ??= { messageId }
  }
  if (!sent) throw new PlatformError('rejected', 'The message is empty.')
  return sent
}

async function sendText(client: FeishuClient, message: OutboundMessage, signal: AbortSignal): Promise<Sent> {
  const card = { type: 'interactive', signal } as const
  try {
    return await sendPart(client, message, { ...card, content: markdownCard(message.text), uuid: uuidOf(message, 'text') })
  } catch (error) {
    // Once more as plain text when Feishu does not like the formatting: the words matter more.
    if (!(error instanceof PlatformError && error.code === 'bad_format')) throw error
    return sendPart(client, message, { ...card, content: plainCard(message.text), uuid: uuidOf(message, 'plain') })
  }
}

interface Part {
  readonly type: 'interactive' | OutboundFile['messageType']
  readonly content: string
  readonly uuid: string
  readonly signal: AbortSignal
}

async function sendPart(client: FeishuClient, { address, replyTo }: OutboundMessage, { type, content, uuid, signal }: Part): Promise<Sent> {
  const data = { msg_type: type, content, uuid }
  const call = { method: 'POST', isRepeatable: false, signal } as const
  const isThread = address.threadId !== ''
  const target = replyTo ?? (isThread ? address.threadId : undefined)
  const create = () =>
    client.call<Made>({ ...call, path: 'im/v1/messages', params: { receive_id_type: 'chat_id' }, data: { ...data, receive_id: address.chatId } })
  const reply = (to: string) =>
    client.call<Made>({ ...call, path: `im/v1/messages/${encodeURIComponent(to)}/reply`, data: { ...data, ...(isThread && { reply_in_thread: true }) } })
  if (target === undefined) return sentOf(await create())
  try {
    return sentOf(await reply(target))
  } catch (error) {
    // What we answer was taken back; the answer is worth saying all the same.
    if (isThread || !(error instanceof PlatformError && error.code === 'message_not_found')) throw error
    return sentOf(await create())
  }
}

async function upload(client: FeishuClient, { path, form }: OutboundFile, signal: AbortSignal): Promise<object> {
  const { data } = await client.call<{ data: { image_key?: string; file_key?: string } }>({ method: 'POST', path, data: form, isRepeatable: true, signal })
  return data.image_key === undefined ? { file_key: data.file_key } : { image_key: data.image_key }
}

interface Made {
  readonly data: { readonly message_id: string }
}

function sentOf({ data }: Made): Sent {
  return { messageId: data.message_id }
}

/** At most 50 characters, whatever our ids look like. */
function uuidOf({ id }: OutboundMessage, part: string): string {
  return hash('sha256', `${id} ${part}`).slice(0, 40)
}
