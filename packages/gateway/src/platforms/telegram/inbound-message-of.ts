import type { Message, Update } from 'grammy/types'
import type { ChatKind, InboundMessage, Sender } from '../../chats/inbound-message.ts'
import { addressedText, type BotIdentity } from './addressed-text.ts'
import { inboundAttachments } from './inbound-attachments.ts'

/**
 * The message of an update in our words; `undefined` for what nobody said to anybody: edits, members who join, messages of
 * our own, polls.
 */
export function inboundMessageOf(update: Update, bot: BotIdentity): InboundMessage | undefined {
  const message: Message | undefined = update.message ?? update.channel_post
  if (!message || message.from?.id === bot.id) return undefined
  const { chat } = message
  const { text, mentionsUs } = addressedText(wordsOf(message), message.entities ?? message.caption_entities ?? [], bot)
  const attachments = inboundAttachments(message)
  if (text === '' && attachments.length === 0 && !mentionsUs) return undefined
  const threadId = message.is_topic_message && message.message_thread_id !== undefined ? String(message.message_thread_id) : ''
  const replyTo = replyOf(message, bot)
  const chatName = chat.title ?? ([chat.first_name, chat.last_name].filter(Boolean).join(' ') || undefined)
  return {
    address: { platform: 'telegram', account: String(bot.id), chatId: String(chat.id), threadId },
    kind: kindOf(message, threadId),
    ...(chatName !== undefined && { chatName }),
    ...(threadId !== '' && { parentChatId: String(chat.id) }),
    messageId: String(message.message_id),
    sender: senderOf(message),
    text,
    attachments,
    ...(replyTo && { replyTo }),
    mentionsUs: mentionsUs || replyTo?.isOurs === true,
    sentAt: message.date * 1_000,
    ...(message.media_group_id !== undefined && { albumId: message.media_group_id }),
  }
}

function kindOf({ chat }: Message, threadId: string): ChatKind {
  if (chat.type === 'private') return 'direct'
  if (chat.type === 'channel') return 'channel'
  return threadId === '' ? 'group' : 'thread'
}

/** An administrator who stays anonymous, or a channel, writes as the chat: nobody vouches for the person behind it. */
function senderOf({ sender_chat: as, from, chat }: Message): Sender {
  if (!as && from) {
    const name = [from.first_name, from.last_name].filter(Boolean).join(' ')
    return { id: String(from.id), ...(name !== '' && { name }), ...(from.is_bot && { isBot: true }) }
  }
  const { id, title } = as ?? chat
  return { id: String(id), ...(title !== undefined && { name: title }) }
}

function wordsOf(message: Message): string {
  const { text, caption, location, venue, sticker } = message
  if (text !== undefined || caption !== undefined) return text ?? caption ?? ''
  if (location) return `${venue ? `${venue.title}, ${venue.address}\n` : ''}Location: ${location.latitude}, ${location.longitude}`
  return sticker?.emoji ?? ''
}

function replyOf({ reply_to_message: reply, quote }: Message, bot: BotIdentity): InboundMessage['replyTo'] {
  // Every message of a topic answers, in Telegram's eyes, the one that opened it.
  if (!reply || reply.forum_topic_created) return undefined
  const text = quote?.text ?? reply.text ?? reply.caption
  return { messageId: String(reply.message_id), ...(text !== undefined && { text }), isOurs: reply.from?.id === bot.id }
}
