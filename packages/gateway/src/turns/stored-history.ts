import type { AgentMessage } from '@talaria/agent'
import type { Message, SessionReader, Turn } from '@talaria/db'
import { agentMessageOf } from './agent-messages.ts'

/** How much of a session's past is given to the agent. */
const HISTORY_LIMIT = 1_000

/**
 * What was said in a session before a turn: everything of the turns that were accepted before it, each with its answer,
 * however late that came, and nothing of those that wait behind it.
 */
export async function storedHistory(sessions: SessionReader, turn: Turn): Promise<readonly AgentMessage[]> {
  const messages = await sessions.messages(turn.sessionId, { limit: HISTORY_LIMIT, order: 'latest' })
  const past = messagesBefore(turn.id, messages)
  // A window that begins in the middle of an exchange would hold results of calls that nobody made.
  const begin = messages.length < HISTORY_LIMIT ? 0 : past.findIndex((message) => message.role === 'user')
  return past.slice(Math.max(0, begin)).map(agentMessageOf)
}

/** In the order of the questions: an answer stands where its question was, though others were asked in between. */
function messagesBefore(turnId: string, messages: readonly Message[]): readonly Message[] {
  const asked = new Map<string, number>()
  const placeOf = ({ turnId: of, position }: Message) => (of === null ? position : asked.get(of)!)
  for (const message of messages) if (message.turnId !== null && !asked.has(message.turnId)) asked.set(message.turnId, message.position)
  const mine = asked.get(turnId) ?? Number.POSITIVE_INFINITY
  return messages.filter((message) => placeOf(message) < mine).toSorted((one, other) => placeOf(one) - placeOf(other))
}
