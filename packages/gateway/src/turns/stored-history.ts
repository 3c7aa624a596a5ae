import type { AgentMessage } from '@talaria/agent'
import type { Message, SessionReader, Turn } from '@talaria/db'
import { agentMessageOf } from './agent-messages.ts'

/** How much of a session's past is given to the agent. */
const HISTORY_LIMIT = 1_000

/**
 * What was said in a session before a turn, in order: everything of the turns that were accepted before it, however late
 * they were answered, and nothing of those that wait behind it.
 */
export async function storedHistory(sessions: SessionReader, turn: Turn): Promise<readonly AgentMessage[]> {
  const messages = await sessions.messages(turn.sessionId, { limit: HISTORY_LIMIT, order: 'latest' })
  const past = messagesBefore(turn.id, messages)
  // A window that begins in the middle of an exchange would hold results of calls that nobody made.
  const begin = messages.length < HISTORY_LIMIT ? 0 : past.findIndex((message) => message.role === 'user')
  return past.slice(Math.max(0, begin)).map(agentMessageOf)
}

function messagesBefore(turnId: string, messages: readonly Message[]): readonly Message[] {
  const mine = messages.findIndex((message) => message.turnId === turnId)
  if (mine === -1) return messages
  const earlier = new Set(messages.slice(0, mine).map((message) => message.turnId))
  return messages.filter((message, index) => index < mine || (message.turnId !== turnId && message.turnId !== null && earlier.has(message.turnId)))
}
