import { createHash } from 'node:crypto'
import type { AgentMessage } from '@talaria/agent'
import { textOf } from './agent-messages.ts'

/**
 * Names a conversation by what the client can see of it, so that a client which resends everything is recognised.
 *
 * System messages do not count: many clients put the date into them. Neither does white space at the ends, which some
 * clients trim. The hash is looked up together with its owner, never across owners.
 */
export function transcriptHash(messages: readonly AgentMessage[]): string {
  const hash = createHash('sha256')
  for (const message of messages) {
    if (message.role === 'system') continue
    hash.update(JSON.stringify(visibleOf(message)))
    hash.update('\n')
  }
  return hash.digest('base64url')
}

function visibleOf(message: AgentMessage): unknown {
  const { content: parts } = message
  // Text in parts is the same text; some clients change their mind about the form.
  const content = typeof parts === 'string' || parts.every((part) => part.type === 'text') ? textOf(parts).trim() : parts
  return [message.role, content, message.toolCalls?.map((call) => [call.name, call.arguments]) ?? [], message.toolCallId ?? '']
}
