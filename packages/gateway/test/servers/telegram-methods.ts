import type { MessageEntity } from 'grammy/types'
import type { TelegramParameters } from './telegram-call.ts'
import type { TelegramServer } from './telegram-server.ts'

/** A refusal, in Telegram's number and words. */
export class TelegramRefusal extends Error {
  readonly status: number

  constructor(status: number, description: string) {
    super(description)
    this.status = status
  }
}

const MAX_DOWNLOAD = 20_000_000

/** What the server does for a call. @throws TelegramRefusal */
export async function answerTelegramMethod(server: TelegramServer, method: string, parameters: TelegramParameters): Promise<unknown> {
  switch (method) {
    case 'getMe':
      return server.bot
    case 'getUpdates':
      return server.updates(Number(parameters.offset ?? 0), Number(parameters.timeout ?? 0), Number(parameters.limit ?? 100))
    case 'setWebhook':
      server.webhook = { url: String(parameters.url), secret: parameters.secret_token as string }
      return true
    case 'deleteWebhook':
      server.webhook = undefined
      return true
    case 'getWebhookInfo':
      return { url: server.webhook?.url ?? '', has_custom_certificate: false, pending_update_count: server.pending.length }
    case 'getFile':
      return fileOf(server, String(parameters.file_id))
    case 'sendChatAction':
      writableChat(server, parameters)
      return true
    case 'setMessageReaction':
      server.reactions.set(`${String(parameters.chat_id)}/${String(parameters.message_id)}`, parameters.reaction)
      return true
    case 'editMessageText':
      return edit(server, parameters)
    case 'sendMessage':
      checkText(parameters.text, parameters.entities, { limit: 4096, words: 'Bad Request: message is too long' })
      return keep(server, method, parameters)
    case 'sendPhoto':
    case 'sendVoice':
    case 'sendAudio':
    case 'sendVideo':
    case 'sendDocument':
      if (parameters.caption !== undefined)
        checkText(parameters.caption, parameters.caption_entities, { limit: 1024, words: 'Bad Request: message caption is too long' })
      return keep(server, method, parameters)
    default:
      throw new TelegramRefusal(404, 'Not Found: method not found')
  }
}

function keep(server: TelegramServer, method: string, parameters: TelegramParameters): unknown {
  writableChat(server, parameters)
  const id = server.takeMessageId()
  server.messages.push({ id, method, parameters, edits: 0 })
  return { message_id: id, date: 1_750_000_000, chat: { id: parameters.chat_id, type: 'private' }, from: server.bot, text: parameters.text }
}

function edit(server: TelegramServer, parameters: TelegramParameters): unknown {
  const message = server.messages.find(({ id }) => id === Number(parameters.message_id))
  if (!message) throw new TelegramRefusal(400, 'Bad Request: message to edit not found')
  checkText(parameters.text, parameters.entities, { limit: 4096, words: 'Bad Request: MESSAGE_TOO_LONG' })
  const look = ({ text, entities }: TelegramParameters) => JSON.stringify([text, entities ?? []])
  if (look(parameters) === look(message.parameters)) {
    throw new TelegramRefusal(
      400,
      'Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content',
    )
  }
  message.parameters = { ...message.parameters, text: parameters.text, entities: parameters.entities }
  message.edits++
  return true
}

function writableChat(server: TelegramServer, { chat_id: chat }: TelegramParameters): void {
  if (!/^-?\d+$/.test(String(chat))) throw new TelegramRefusal(400, 'Bad Request: chat not found')
  if (server.blocked.has(String(chat))) throw new TelegramRefusal(403, 'Forbidden: bot was blocked by the user')
}

/** Lengths and offsets count UTF-16 code units, as Telegram's do. */
function checkText(text: unknown, entities: unknown, { limit, words }: { readonly limit: number; readonly words: string }): void {
  if (typeof text !== 'string' || text.trim() === '') throw new TelegramRefusal(400, 'Bad Request: message text is empty')
  if (text.length > limit) throw new TelegramRefusal(400, words)
  for (const { offset, length, type } of (entities ?? []) as MessageEntity[]) {
    if (offset < 0 || length < 1 || offset + length > text.length || typeof type !== 'string')
      throw new TelegramRefusal(400, 'Bad Request: ENTITY_BOUNDS_INVALID')
  }
}

function fileOf(server: TelegramServer, id: string): unknown {
  const file = server.files.get(id)
  if (!file) throw new TelegramRefusal(400, 'Bad Request: wrong file_id or the file is temporarily unavailable')
  const size = file.size ?? file.bytes.length
  if (size > MAX_DOWNLOAD) throw new TelegramRefusal(400, 'Bad Request: file is too big')
  return { file_id: id, file_unique_id: id, file_size: size, file_path: file.path }
}
