import type { NewInbound, NewOutbound } from '../gateway/chats/chat-records.ts'
import type { ChatAddress } from '../gateway/records.ts'

/** A chat of the bot on a platform. */
export function chatAt(chatId: string, changes: Partial<ChatAddress> = {}): ChatAddress {
  return { platform: 'telegram', account: 'bot', chatId, threadId: '', ...changes }
}

/** A message that came in in `chat`, whose platform calls it by the same id. */
export function inboundNamed(id: string, changes: Partial<NewInbound> = {}): NewInbound {
  const sender = { id: 'ada', name: 'Ada' }
  return { id, address: chatAt('chat'), messageId: id, sessionKey: 'key', sender, body: { text: `text of ${id}` }, mode: 'queue', ...changes }
}

/** A message of one chunk to `chat`. */
export function outboundNamed(id: string, changes: Partial<NewOutbound> = {}): NewOutbound {
  return { id, group: `group of ${id}`, chunk: 0, address: chatAt('chat'), kind: 'reply', text: `text of ${id}`, attachments: [], ...changes }
}
