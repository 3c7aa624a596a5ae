import type { Agent, AgentEvent, AgentRequest } from '../agent.ts'

/** What a turn came to. */
export interface Asked {
  readonly events: readonly AgentEvent[]
  /** All text deltas together. */
  readonly text: string
  /** `finished` or `failed`; absent only while the turn runs. */
  readonly end: Extract<AgentEvent, { type: 'finished' | 'failed' }> | undefined
  /** The events of one type. */
  of<Type extends AgentEvent['type']>(type: Type): readonly Extract<AgentEvent, { type: Type }>[]
}

/** Runs one turn to its end: a message of the user's, or a whole request. Rejects as the agent throws. */
export async function ask(agent: Agent, request: string | Partial<AgentRequest>, signal: AbortSignal = new AbortController().signal): Promise<Asked> {
  const events: AgentEvent[] = []
  for await (const event of agent.run(requestOf(request), signal)) events.push(event)
  return askedOf(events)
}

/** A complete request out of what matters about it. */
export function requestOf(request: string | Partial<AgentRequest>): AgentRequest {
  const given = typeof request === 'string' ? { messages: [{ role: 'user' as const, content: request }] } : request
  return { turnId: 'run_1', sessionId: 'session_1', model: 'default', messages: [], ...given }
}

function askedOf(events: readonly AgentEvent[]): Asked {
  const of: Asked['of'] = (type) => events.filter((event): event is Extract<AgentEvent, { type: typeof type }> => event.type === type)
  return {
    events,
    text: of('text.delta')
      .map(({ text }) => text)
      .join(''),
    end: [...of('finished'), ...of('failed')][0],
    of,
  }
}
