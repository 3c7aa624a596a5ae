import type { InboundMessage } from './inbound-message.ts'
import { isShared, type SessionSharing } from './session-key.ts'

/** Whose a conversation is: the person's who writes, or the chat's where several people share it. */
export function ownerOf(message: Pick<InboundMessage, 'address' | 'kind' | 'sender'>, sharing: SessionSharing): string {
  const { platform, account, chatId } = message.address
  return isShared(message, sharing) ? `${platform}:${account}:chat:${chatId}` : `${platform}:${account}:${message.sender.id}`
}
