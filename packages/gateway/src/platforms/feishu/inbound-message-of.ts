import { z } from 'zod'
import type { InboundMessage } from '../../chats/inbound-message.ts'
import { readContent } from './message-content.ts'

/** Who we are on Feishu. */
export interface FeishuBot {
  readonly appId: string
  readonly openId: string
}

const mention = z.object({ key: z.string(), name: z.string().default(''), id: z.object({ open_id: z.string().nullish() }).nullish() })
/** Of the event `im.message.receive_v1` what we need. */
export const receivedEvent = z.object({
  sender: z.object({ sender_id: z.object({ open_id: z.string().nullish() }).nullish(), sender_type: z.string().default('user') }),
  message: z.object({
    message_id: z.string().min(1),
    root_id: z.string().nullish(),
    parent_id: z.string().nullish(),
    thread_id: z.string().nullish(),
    chat_id: z.string().min(1),
    chat_type: z.string(),
    message_type: z.string(),
    content: z.string(),
    create_time: z.coerce.number(),
    mentions: z.array(mention).nullish(),
  }),
})
type ReceivedEvent = z.output<typeof receivedEvent>

/**
 * A message in our words; `undefined` when it says nothing, or nobody is vouched for as its writer. A thread is called by
 * the message it began with, because that is what one answers to write there.
 */
export function inboundMessageOf({ sender, message }: ReceivedEvent, bot: FeishuBot): InboundMessage | undefined {
  const senderId = sender.sender_id?.open_id
  if (!senderId || senderId === bot.openId) return undefined
  const { message_id: messageId, chat_id: chatId, chat_type: chatType, parent_id: parentId } = message
  const { text, attachments } = readContent(messageId, message.message_type, message.content)
  const mentions = message.mentions ?? []
  const mentionsUs = mentions.some(({ id }) => id?.open_id === bot.openId)
  const words = withNames(text, mentions, bot)
  if (words === '' && attachments.length === 0 && !mentionsUs) return undefined
  const threadId = message.thread_id ? (message.root_id ?? messageId) : ''
  return {
    address: { platform: 'feishu', account: bot.openId, chatId, threadId },
    kind: chatType === 'p2p' ? 'direct' : threadId === '' ? 'group' : 'thread',
    ...(threadId !== '' && { parentChatId: chatId }),
    messageId,
    sender: { id: senderId, ...(sender.sender_type !== 'user' && { isBot: true }) },
    text: words,
    attachments,
    ...(parentId && { replyTo: { messageId: parentId } }),
    mentionsUs,
    sentAt: message.create_time,
  }
}

/** Feishu puts a key where somebody is named; ours goes, so that a command after it is read as one. */
function withNames(text: string, mentions: readonly z.output<typeof mention>[], bot: FeishuBot): string {
  // One key may begin another: @_user_1 and @_user_12.
  const byKey = new Map(mentions.map((one) => [one.key, one]))
  return text
    .replaceAll(/@_(?:user_\d+|all)/g, (key) => {
      const one = byKey.get(key)
      if (one?.id?.open_id === bot.openId) return ''
      return one ? `@${one.name}` : key
    })
    .trim()
}
