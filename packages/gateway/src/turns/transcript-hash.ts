import { createHash } from 'node:crypto'
import type { AgentMessage } from '@talaria/agent'

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
  const content = typeof message.content === 'string' ? message.content.trim() : message.content
  return [message.role, content, message.toolCalls?.map((call) => [call.name, call.arguments]) ?? [], message.toolCallId ?? '']
}
