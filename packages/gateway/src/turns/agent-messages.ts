import type { AgentMessage, ContentPart } from '@talaria/agent'
import type { Message, NewMessage } from '@talaria/db'

/** A stored message as the agent takes it; the roles are the same, the empty fields are gone. */
export function agentMessageOf(message: Message | NewMessage): AgentMessage {
  return {
    role: message.role,
    content: message.parts?.length ? (message.parts as readonly ContentPart[]) : message.content,
    ...(message.toolCalls?.length && { toolCalls: message.toolCalls }),
    ...(message.toolCallId && { toolCallId: message.toolCallId }),
    ...(message.toolName && { toolName: message.toolName }),
  }
}

/** The words of a message, without its pictures and files: what is stored as `content` and searched. */
export function textOf(content: string | readonly ContentPart[]): string {
  if (typeof content === 'string') return content
  return content
    .filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('\n')
}
