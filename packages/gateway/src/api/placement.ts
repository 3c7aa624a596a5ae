import type { AgentMessage } from '@talaria/agent'
import { createId } from '@talaria/core'
import type { NewMessage, NewSession, Session } from '@talaria/db'
import { textOf } from '../turns/agent-messages.ts'
import { transcriptHash } from '../turns/transcript-hash.ts'
import type { StartTurn } from '../turns/start-turn.ts'
import type { ApiContext } from './api-context.ts'
import { ApiError } from './api-error.ts'
import type { Caller } from './caller.ts'
import { checkSessionId } from './our-headers.ts'

/** Where a request's messages go: which session, what of them is new, and what the agent is told came before. */
export interface Placement extends Pick<StartTurn, 'session' | 'messages' | 'history' | 'transcript' | 'otherwise'> {
  /** The session as it is, where it was there already. */
  readonly known: Session | undefined
}

/**
 * Finds the session of a request that carries a whole transcript.
 *
 * With a session header, that session continues (or begins, under that id) and its stored history replaces the
 * client's. Without one, a transcript that extends what is stored for the same owner continues there, and only what is
 * new is stored; any other begins a session.
 */
export async function placeTranscript(
  api: ApiContext,
  caller: Caller,
  messages: readonly AgentMessage[],
  options: { readonly sessionId?: string; readonly model: string; readonly user?: string },
): Promise<Placement> {
  const spoken = messages.filter((message) => message.role !== 'system')
  const fresh = spoken.slice(lastAnswer(spoken) + 1)
  if (fresh.length === 0)
    throw new ApiError('invalid_request', 'No user message found in messages: the last one must be from the user or a tool.', { param: 'messages' })
  const past = spoken.slice(0, spoken.length - fresh.length)
  const base = { source: 'api', owner: caller.owner, model: options.model, ...(options.user && { userId: options.user }) }

  if (options.sessionId !== undefined) {
    const place = await placeInSession(api, caller, options.sessionId, base)
    return { ...place, messages: (place.known ? fresh : spoken).map(newMessageOf) }
  }

  const known = past.length > 0 ? await api.stores.sessions.findByTranscript(caller.owner, transcriptHash(past)) : undefined
  const begin = { session: { create: { ...base, id: createId('ses') } }, messages: spoken.map(newMessageOf), history: [] }
  if (!known) return { ...begin, known, transcript: spoken }
  // A session that is just being answered has moved on: what is asked again from an older point begins a branch.
  return { session: { id: known.id }, messages: fresh.map(newMessageOf), history: 'stored', known, transcript: spoken, otherwise: begin }
}

/** The session with this id: continued when it exists, begun when it does not. */
export async function placeInSession(api: ApiContext, caller: Caller, sessionId: string, base: Omit<NewSession, 'id'>): Promise<Omit<Placement, 'messages'>> {
  const id = checkSessionId(sessionId)
  const known = await api.stores.sessions.get(id, caller.viewer)
  if (known) return { session: { id }, history: 'stored', known }
  if (await api.stores.sessions.exists(id)) throw sessionNotFound(id)
  return { session: { create: { ...base, id } }, history: [], known }
}

/** What the agent is told before a conversation: by its session, then by the request. */
export function instructionsOf(session: Session | undefined, ofRequest: string | null | undefined): { readonly instructions?: string } {
  const all = [session?.systemPrompt, ofRequest].filter(Boolean)
  return all.length > 0 ? { instructions: all.join('\n\n') } : {}
}

export function sessionNotFound(id: string): ApiError {
  return new ApiError('session_not_found', `Session '${id}' not found.`, { param: 'session_id' })
}

/** The index of the last thing the model said, which the client cannot have made new. */
function lastAnswer(messages: readonly AgentMessage[]): number {
  return messages.findLastIndex((message) => message.role === 'assistant')
}

export function newMessageOf(message: AgentMessage): NewMessage {
  return {
    id: createId('msg'),
    role: message.role,
    content: textOf(message.content),
    ...(typeof message.content !== 'string' && message.content.some((part) => part.type !== 'text') && { parts: message.content }),
    ...(message.toolCalls && { toolCalls: message.toolCalls }),
    ...(message.toolCallId !== undefined && { toolCallId: message.toolCallId }),
    ...(message.toolName !== undefined && { toolName: message.toolName }),
  }
}
