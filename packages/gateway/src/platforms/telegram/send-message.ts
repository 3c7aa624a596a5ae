import type { Api } from 'grammy'
import type { Message } from 'grammy/types'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import type { Sent } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { readOutboundFile, type OutboundFile } from './outbound-file.ts'
import { renderMarkdown, type FormattedText } from './render-markdown.ts'
import { callTelegram } from './telegram-error.ts'

const MAX_CAPTION = 1024

/**
 * Sends a message: a text that fits becomes the caption of its only file, otherwise the text goes first and each file
 * after it. Telegram takes no idempotency key; what broke off half-way is therefore an `unknown_outcome`.
 */
export async function sendMessage(api: Api, message: OutboundMessage, signal: AbortSignal): Promise<Sent> {
  const files = await Promise.all(message.attachments.map(readOutboundFile))
  const text = message.text === '' ? undefined : renderMarkdown(message.text)
  const [first] = files
  const isCaption = first !== undefined && files.length === 1 && text !== undefined && text.text.length <= MAX_CAPTION
  const parts: ((options: object) => Promise<Message>)[] = [
    ...(text && !isCaption ? [(options: object) => sendText(api, message, { ...text, options, signal })] : []),
    ...files.map((file) => (options: object) => sendFile(api, message, { file, caption: isCaption ? text : undefined, options, signal })),
  ]
  let sent: Sent | undefined
  for (const part of parts) {
    try {
      const { message_id: id } = await part(optionsOf(message, sent === undefined))
      sent ??= { messageId: String(id) }
    } catch (error) {
      if (!sent) throw error
      throw new PlatformError('unknown_outcome', `Only a part of the message was sent: ${(error as Error).message}`, { cause: error })
    }
  }
  if (!sent) throw new PlatformError('rejected', 'The message is empty.')
  return sent
}

function optionsOf({ address, replyTo, silent }: OutboundMessage, isFirst: boolean): object {
  return {
    ...(address.threadId !== '' && { message_thread_id: Number(address.threadId) }),
    ...(replyTo !== undefined && isFirst && { reply_parameters: { message_id: Number(replyTo), allow_sending_without_reply: true } }),
    ...(silent && { disable_notification: true }),
  }
}

interface TextPart extends FormattedText {
  readonly options: object
  readonly signal: AbortSignal
}

function sendText(api: Api, { address }: OutboundMessage, { text, entities, options, signal }: TextPart): Promise<Message> {
  // Without previews: Telegram fetches them by itself, so a link that a model was talked into would give away what is in it.
  const send = (format: object) =>
    callTelegram({ isRepeatable: false, signal }, (abort) =>
      api.sendMessage(Number(address.chatId), text, { ...options, ...format, link_preview_options: { is_disabled: true } }, abort),
    )
  return plainIfRefused(
    entities.length > 0,
    () => send({ entities }),
    () => send({}),
  )
}

interface FilePart {
  readonly file: OutboundFile
  readonly caption: FormattedText | undefined
  readonly options: object
  readonly signal: AbortSignal
}

function sendFile(api: Api, { address }: OutboundMessage, { file: { kind, file }, caption, options, signal }: FilePart): Promise<Message> {
  const chat = Number(address.chatId)
  const send = (format: object) =>
    callTelegram<Message>({ isRepeatable: false, signal }, (abort) => {
      const all = { ...options, ...(caption && { caption: caption.text }), ...format }
      if (kind === 'image') return api.sendPhoto(chat, file, all, abort)
      if (kind === 'voice') return api.sendVoice(chat, file, all, abort)
      if (kind === 'audio') return api.sendAudio(chat, file, all, abort)
      if (kind === 'video') return api.sendVideo(chat, file, all, abort)
      return api.sendDocument(chat, file, all, abort)
    })
  return plainIfRefused(
    caption !== undefined && caption.entities.length > 0,
    () => send({ caption_entities: caption?.entities }),
    () => send({}),
  )
}

/** Once more as plain text when Telegram does not like the formatting: the words matter more. */
async function plainIfRefused(isFormatted: boolean, formatted: () => Promise<Message>, plain: () => Promise<Message>): Promise<Message> {
  try {
    return await formatted()
  } catch (error) {
    if (isFormatted && error instanceof PlatformError && error.code === 'bad_format') return plain()
    throw error
  }
}
