import type { NewMessage, NewResponse, NewSession, NewTurn, StoredItem, TurnEvent } from '../gateway/records.ts'
import type { Acceptance, Settlement } from '../gateway/turn-store.ts'

/** A new session of `me`. */
export function sessionNamed(id: string, changes: Partial<NewSession> = {}): NewSession {
  return { id, owner: 'me', source: 'api', ...changes }
}

let messages = 0

/** A new message with an id of its own. */
export function message(content: string, changes: Partial<NewMessage> = {}): NewMessage {
  return { id: `msg_${++messages}`, role: 'user', content, ...changes }
}

/** A new turn of `me`, run by `runner_1`. */
export function turnNamed(id: string, changes: Partial<NewTurn> = {}): NewTurn {
  return { id, owner: 'me', kind: 'run', model: 'scripted', status: 'running', request: {}, runner: 'runner_1', ...changes }
}

/** A turn with one message, in a session that it begins. */
export function acceptance(turnId: string, changes: Partial<Acceptance> = {}): Acceptance {
  return { turn: turnNamed(turnId), session: { create: sessionNamed('ses_1') }, messages: [message(`asked in ${turnId}`)], ...changes }
}

/** An end with one answer. */
export function settlement(answer: string, changes: Partial<Settlement> = {}): Settlement {
  return {
    status: 'completed',
    output: answer,
    finishReason: 'stop',
    usage: { inputTokens: 10, outputTokens: 5, reasoningTokens: 2, cachedInputTokens: 1 },
    error: null,
    messages: [message(answer, { role: 'assistant' })],
    events: [],
    ...changes,
  }
}

/** The events of a turn from one sequence number to another. */
export function eventsOf(turnId: string, from: number, to: number): readonly TurnEvent[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({ turnId, seq: from + i, type: 'text', data: { delta: `part ${from + i}` }, createdAt: 1 }))
}

/** A response that is under way. */
export function responseNamed(id: string, changes: Partial<NewResponse> = {}): NewResponse {
  return { id, status: 'in_progress', expiresAt: null, envelope: { model: 'scripted' }, input: [item(`in ${id}`)], ...changes }
}

/** An item whose id and text are the same. */
export function item(text: string): StoredItem {
  return { id: text, type: 'message', content: text }
}
