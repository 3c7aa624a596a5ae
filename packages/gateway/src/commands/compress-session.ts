import { createId } from '@talaria/core'
import type { Message, NewMessage, Session } from '@talaria/db'
import { estimateTokens } from '../openai/token-estimate.ts'
import { summarise } from '../openai/compact.ts'
import { agentMessageOf } from '../turns/agent-messages.ts'
import { allMessages } from './all-messages.ts'
import { newSessionOf } from './command-place.ts'
import type { Invocation } from './command.ts'

/** A conversation that goes on in fewer tokens, which are estimates. */
export interface Compressed {
  readonly before: number
  readonly after: number
  readonly into: Session
}

/**
 * Goes on in a new session that begins with a summary and, word for word, the last exchanges. The original stays, as
 * the new one's parent. `undefined` when there is nothing before those exchanges.
 *
 * @throws ApiError `agent_failed`, and what `Turns.aside` does
 */
export async function compressSession({ place, services }: Invocation<unknown>, session: Session, keptExchanges: number): Promise<Compressed | undefined> {
  const { stores, turns, agent, modelName } = services
  const messages = await allMessages(stores.sessions, session.id)
  const from = messages.filter(({ role }) => role === 'user').at(-keptExchanges)
  const cut = from ? messages.indexOf(from) : 0
  if (cut === 0) return undefined
  const past = messages.slice(0, cut).map(agentMessageOf)
  const { summary } = await turns.aside((signal) => summarise(agent, past, { model: session.model ?? modelName, signal }), new AbortController().signal)
  const kept = [summaryMessage(summary), ...messages.slice(cut).map(copyOf)]
  const into = await stores.sessions.create({
    ...newSessionOf(place),
    parentSessionId: session.id,
    ...(session.title !== null && { title: session.title }),
    ...(session.model !== null && { model: session.model }),
    ...(session.systemPrompt !== null && { systemPrompt: session.systemPrompt }),
  })
  if (!into || !(await stores.sessions.append(into.id, place.viewer, kept))) throw new Error('the new session could not be made')
  await place.moveTo(into)
  await stores.sessions.update(session.id, place.viewer, { endReason: 'compression' })
  return { before: estimateTokens(messages.map(agentMessageOf)), after: estimateTokens(kept.map(agentMessageOf)), into }
}

function summaryMessage(summary: string): NewMessage {
  return { id: createId('msg'), role: 'system', content: `What was said before, summarised:\n\n${summary}` }
}

function copyOf({ role, content, parts, toolCalls, toolCallId, toolName, reasoning, finishReason }: Message): NewMessage {
  return {
    id: createId('msg'),
    role,
    content,
    ...(parts && { parts }),
    ...(toolCalls && { toolCalls }),
    ...(toolCallId !== null && { toolCallId }),
    ...(toolName !== null && { toolName }),
    ...(reasoning !== null && { reasoning }),
    ...(finishReason !== null && { finishReason }),
  }
}
