import type { ResponseStatus, StoredItem } from '@talaria/db'
import type { ResponseRequestBody } from './response-request.ts'

/** The fields of a response that are known before it is answered; the answer fills in the rest. */
export function envelopeOf(body: ResponseRequestBody, model: string): Record<string, unknown> {
  return {
    model,
    instructions: body.instructions ?? null,
    tools: (body.tools ?? []).map((tool) => ({
      ...tool,
      description: tool.description ?? null,
      parameters: tool.parameters ?? null,
      strict: tool.strict ?? true,
    })),
    tool_choice: body.tool_choice ?? 'auto',
    truncation: body.truncation ?? 'disabled',
    parallel_tool_calls: true,
    text: { format: body.text?.format ?? { type: 'text' }, verbosity: 'medium' },
    temperature: body.temperature ?? 1,
    top_p: body.top_p ?? 1,
    presence_penalty: body.presence_penalty ?? 0,
    frequency_penalty: body.frequency_penalty ?? 0,
    top_logprobs: 0,
    reasoning: body.reasoning ? { effort: body.reasoning.effort ?? null, summary: body.reasoning.summary ?? null } : null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: null,
    store: body.store ?? true,
    background: body.background ?? false,
    service_tier: 'default',
    metadata: body.metadata ?? {},
    safety_identifier: body.safety_identifier ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    user: body.user ?? null,
  }
}

export interface ResponseParts {
  readonly id: string
  readonly createdAt: number
  readonly completedAt: number | null
  readonly status: ResponseStatus
  readonly previousResponseId: string | null
  readonly conversationId: string | null
  readonly envelope: Readonly<Record<string, unknown>>
  readonly output: readonly StoredItem[]
}

/** A response as it goes over the wire; every key that Open Responses requires is there. Times in seconds. */
export function responseOf(parts: ResponseParts): Record<string, unknown> {
  const { error = null, incomplete_details = null, usage = null, ...rest } = parts.envelope
  return {
    id: parts.id,
    object: 'response',
    created_at: Math.floor(parts.createdAt / 1000),
    completed_at: parts.completedAt === null || parts.status !== 'completed' ? null : Math.floor(parts.completedAt / 1000),
    status: parts.status,
    error,
    incomplete_details,
    previous_response_id: parts.previousResponseId,
    conversation: parts.conversationId === null ? null : { id: parts.conversationId },
    ...rest,
    output: parts.output,
    usage,
  }
}

/** A response as it was before it was answered, also when it has been by now: the envelope of one that has ended says how. */
export function unansweredResponseOf(
  parts: Omit<ResponseParts, 'status' | 'output' | 'completedAt'>,
  status: 'queued' | 'in_progress',
): Record<string, unknown> {
  const envelope = { ...parts.envelope, error: null, incomplete_details: null, usage: null }
  return responseOf({ ...parts, envelope, status, completedAt: null, output: [] })
}
