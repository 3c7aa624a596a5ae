import type { InboundMessage } from './inbound-message.ts'

/** Whether people who talk in one place share one conversation there, or have one each. */
export interface SessionSharing {
  readonly groups: 'per_user' | 'shared'
  readonly threads: 'per_user' | 'shared'
}

/** As people expect it: in a group everybody has a conversation of their own, in a thread all take part in one. */
export const DEFAULT_SHARING: SessionSharing = { groups: 'per_user', threads: 'shared' }

/**
 * Which conversation a message belongs to: `platform:account:chat:thread:user`, always five parts and each escaped, so that
 * no two places share a key whatever their ids hold. The user is empty where the conversation is shared, and in direct chats.
 */
export function sessionKeyOf(message: Pick<InboundMessage, 'address' | 'kind' | 'sender'>, sharing: SessionSharing = DEFAULT_SHARING): string {
  const { platform, account, chatId, threadId } = message.address
  return [platform, account, chatId, threadId, message.kind === 'direct' || isShared(message, sharing) ? '' : message.sender.id].map(escape).join(':')
}

/** Whether several people talk in the conversation of this message. */
export function isShared({ kind, address }: Pick<InboundMessage, 'kind' | 'address'>, sharing: SessionSharing): boolean {
  return kind !== 'direct' && (kind === 'thread' || address.threadId !== '' ? sharing.threads : sharing.groups) === 'shared'
}

function escape(part: string): string {
  return part.replaceAll('%', '%25').replaceAll(':', '%3A')
}
