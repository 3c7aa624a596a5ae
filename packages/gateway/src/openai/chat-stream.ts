import type { Turn, TurnEvent } from '@talaria/db'
import { isTerminal } from '../turns/terminal-status.ts'
import type { TurnSummary } from '../turns/messages-of-events.ts'

/** OpenAI's reasons; a turn that failed has none of its own there, and clients know `error` from the predecessor. */
export type ChatFinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'error'

/** What a chat answer needs beside its events; kept in the turn's `request`. */
export interface ChatRendering {
  /** The model as the client named it. */
  readonly model: string
  readonly includeUsage: boolean
  /** Send our own event types too (`X-Talaria-Events: extended`). */
  readonly extended: boolean
}

/** The id of a chat completion is its turn's id in OpenAI's clothes. */
function chatIdOf(turnId: string): string {
  return `chatcmpl-${turnId.slice('run_'.length)}`
}

/** OpenAI's `usage` out of ours. */
function chatUsageOf(usage: TurnSummary['usage']) {
  const { inputTokens = 0, outputTokens = 0, reasoningTokens = 0, cachedInputTokens = 0 } = usage ?? {}
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedInputTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  }
}

/** The whole answer at once, for a client that did not ask for a stream. */
export function chatCompletionOf(turn: Turn, rendering: ChatRendering, summary: TurnSummary) {
  return {
    id: chatIdOf(turn.id),
    object: 'chat.completion',
    created: Math.floor(turn.createdAt / 1000),
    model: rendering.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: summary.text === '' && summary.clientCalls.length > 0 ? null : summary.text,
          refusal: null,
          ...(summary.reasoning !== '' && { reasoning_content: summary.reasoning }),
          ...(summary.clientCalls.length > 0 && {
            tool_calls: summary.clientCalls.map((call) => ({ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } })),
          }),
        },
        logprobs: null,
        finish_reason: chatFinishReasonOf(turn.status, turn.finishReason),
      },
    ],
    usage: chatUsageOf(summary.usage),
    service_tier: 'default',
    system_fingerprint: null,
    ...(turn.error && { talaria: { status: turn.status, error: turn.error } }),
  }
}

function chatFinishReasonOf(status: string, finishReason: string | null): ChatFinishReason {
  if (status !== 'completed' && status !== 'incomplete') return 'error'
  return (finishReason as ChatFinishReason | null) ?? 'stop'
}

/** Renders a turn's events as chat chunks, one string of SSE frames a batch. Keeps only what the frames need. */
export class ChatStream {
  readonly #rendering: ChatRendering
  /** Text chunks are most of a stream: everything before and after their text is made once. */
  readonly #before: string
  readonly #head: string
  /** Calls for the client: their place, and whether any of their arguments were sent. */
  readonly #calls = new Map<string, { readonly index: number; hasArguments: boolean }>()
  #begun = false

  constructor(turn: Turn, rendering: ChatRendering) {
    this.#rendering = rendering
    const head = {
      id: chatIdOf(turn.id),
      object: 'chat.completion.chunk',
      created: Math.floor(turn.createdAt / 1000),
      model: rendering.model,
      service_tier: 'default',
      system_fingerprint: null,
    }
    this.#head = JSON.stringify(head).slice(0, -1)
    this.#before = `data: ${this.#head},"choices":[{"index":0,"delta":{"content":`
  }

  /** Frames for these events; the last ones, with `[DONE]`, for a terminal event. */
  render(events: readonly TurnEvent[]): string {
    let frames = ''
    if (!this.#begun) {
      this.#begun = true
      frames += this.#delta({ role: 'assistant', content: '' })
    }
    for (const event of events) frames += this.#frameOf(event)
    return frames
  }

  #frameOf({ type, data }: TurnEvent): string {
    if (type === 'text.delta') return `${this.#before}${JSON.stringify(data['text'])}},"logprobs":null,"finish_reason":null}]}\n\n`
    if (type === 'reasoning.delta') return this.#delta({ reasoning_content: data['text'] })
    if (isTerminal(type)) return this.#end(type, data)
    if (type.startsWith('tool.')) return this.#toolFrame(type, data)
    return ''
  }

  #toolFrame(type: string, data: Readonly<Record<string, unknown>>): string {
    const id = data['id'] as string
    if (data['runs'] === 'client' || this.#calls.has(id)) return this.#callFrames(id, type, data)
    return this.#rendering.extended ? `event: talaria.${type}\ndata: ${JSON.stringify(data)}\n\n` : ''
  }

  #callFrames(id: string, type: string, data: Readonly<Record<string, unknown>>): string {
    const known = this.#calls.get(id)
    const call = known ?? { index: this.#calls.size, hasArguments: false }
    this.#calls.set(id, call)
    const start = known ? '' : this.#callDelta(call.index, { id, type: 'function', function: { name: data['name'], arguments: '' } })
    // Some providers send the arguments piece by piece, others all at once when the call is complete.
    const text = (type === 'tool.finished' ? (call.hasArguments ? undefined : data['arguments']) : data['argumentsDelta']) as string | undefined
    if (!text) return start
    call.hasArguments = true
    return start + this.#callDelta(call.index, { function: { arguments: text } })
  }

  #callDelta(index: number, call: Record<string, unknown>): string {
    return this.#delta({ tool_calls: [{ index, ...call }] })
  }

  #delta(delta: Record<string, unknown>): string {
    return this.#chunk([{ index: 0, delta, logprobs: null, finish_reason: null }])
  }

  #end(status: string, data: Readonly<Record<string, unknown>>): string {
    const error = data['error'] as { code: string; message: string } | undefined
    if (error && status !== 'completed' && status !== 'incomplete') {
      // Official clients raise what stands under `error`; a stream that just stops would look like a short answer.
      return `data: ${JSON.stringify({ error: { message: error.message, type: 'server_error', param: null, code: error.code } })}\n\ndata: [DONE]\n\n`
    }
    const finish = this.#chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: chatFinishReasonOf(status, data['finishReason'] as string | null) }])
    const usage = this.#rendering.includeUsage
      ? this.#chunk([], `,"usage":${JSON.stringify(chatUsageOf((data['usage'] as TurnSummary['usage']) ?? null))}`)
      : ''
    return `${finish}${usage}data: [DONE]\n\n`
  }

  #chunk(choices: readonly unknown[], extra = ''): string {
    return `data: ${this.#head},"choices":${JSON.stringify(choices)}${extra}}\n\n`
  }
}
