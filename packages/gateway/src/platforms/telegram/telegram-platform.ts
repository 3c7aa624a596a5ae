import type { Agent } from 'node:http'
import type { Api } from 'grammy'
import type { ReactionTypeEmoji } from 'grammy/types'
import type { ChatAddress } from '../../chats/chat-address.ts'
import type { Capabilities } from '../capabilities.ts'
import type { Platform } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import type { BotIdentity } from './addressed-text.ts'
import { downloadFile } from './download-file.ts'
import { renderMarkdown } from './render-markdown.ts'
import { sendMessage } from './send-message.ts'
import { callTelegram, isNotModified } from './telegram-error.ts'

const CAPABILITIES: Capabilities = {
  threads: true,
  edits: true,
  typing: true,
  reactions: true,
  files: true,
  voice: true,
  maxLength: 4096,
  markup: 'markdown',
  // Groups bear 20 messages a minute, and edits count.
  editEveryMs: 3_000,
  commandPrefix: '/',
}

export interface TelegramPlatformOptions {
  readonly api: Api
  readonly agent: Agent
  readonly bot: BotIdentity
  readonly apiRoot: string
  readonly webhookUrl: string | undefined
}

/** Telegram as the gateway uses it once it is connected. */
export function createTelegramPlatform({ api, agent, bot, apiRoot, webhookUrl }: TelegramPlatformOptions): Platform {
  return {
    account: String(bot.id),
    capabilities: CAPABILITIES,
    send: (message, signal) => sendMessage(api, message, signal),

    async edit(address, messageId, markdown, signal) {
      const { text, entities } = renderMarkdown(markdown)
      const edit = (options: object) =>
        callTelegram({ isRepeatable: true, signal }, async (abort) => {
          try {
            await api.editMessageText(Number(address.chatId), Number(messageId), text, { ...options, link_preview_options: { is_disabled: true } }, abort)
          } catch (error) {
            if (!isNotModified(error)) throw error
          }
        })
      await edit({ entities }).catch((error: PlatformError) => (error.code === 'bad_format' && entities.length > 0 ? edit({}) : Promise.reject(error)))
    },

    async typing(address, signal) {
      await callTelegram({ isRepeatable: true, signal }, (abort) => api.sendChatAction(Number(address.chatId), 'typing', threadOf(address), abort))
    },

    async react(address, messageId, emoji, signal) {
      // Which ones there are is Telegram's to say: the list grows.
      const reaction = emoji === undefined ? [] : [{ type: 'emoji' as const, emoji: emoji as ReactionTypeEmoji['emoji'] }]
      await callTelegram({ isRepeatable: true, signal }, (abort) => api.setMessageReaction(Number(address.chatId), Number(messageId), reaction, {}, abort))
    },

    async download({ ref, size }, { maxBytes }, signal) {
      if (size !== undefined && size > maxBytes) throw new PlatformError('attachment_too_large', `The file has ${size} bytes, more than ${maxBytes}.`)
      const file = await callTelegram({ isRepeatable: true, signal }, (abort) => api.getFile(String(ref.fileId), abort))
      if ((file.file_size ?? 0) > maxBytes) throw new PlatformError('attachment_too_large', `The file has more than ${maxBytes} bytes.`)
      if (file.file_path === undefined || file.file_path.startsWith('/')) {
        throw new PlatformError('unsupported', 'The Bot API server gives files by their place on its own disk (--local); run it without.')
      }
      return downloadFile(`${apiRoot}/file/bot${api.token}/${file.file_path}`, { agent, maxBytes, signal })
    },

    async probe(signal) {
      if (webhookUrl === undefined) return void (await callTelegram({ isRepeatable: true, signal }, (abort) => api.getMe(abort)))
      const { url } = await callTelegram({ isRepeatable: true, signal }, (abort) => api.getWebhookInfo(abort))
      if (url !== webhookUrl)
        throw new PlatformError('conflict', `Telegram delivers to ${url === '' ? 'nowhere' : 'another address'}: somebody else uses this bot.`)
    },
  }
}

function threadOf({ threadId }: ChatAddress): { message_thread_id?: number } {
  return threadId === '' ? {} : { message_thread_id: Number(threadId) }
}
