import { z } from 'zod'
import type { SseFrame } from '../testing/sse-frames.ts'

const toolCall = z.strictObject({
  index: z.int().min(0),
  id: z.string().optional(),
  type: z.literal('function').optional(),
  function: z.strictObject({ name: z.string().optional(), arguments: z.string().optional() }).optional(),
})

const chunkSchema = z.strictObject({
  id: z.string().startsWith('chatcmpl-'),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: z.string(),
  service_tier: z.string(),
  system_fingerprint: z.null(),
  choices: z.array(
    z.strictObject({
      index: z.literal(0),
      delta: z.strictObject({
        role: z.literal('assistant').optional(),
        content: z.string().optional(),
        reasoning_content: z.string().optional(),
        tool_calls: z.array(toolCall).optional(),
      }),
      logprobs: z.null(),
      finish_reason: z.enum(['stop', 'length', 'tool_calls', 'content_filter']).nullable(),
    }),
  ),
  usage: z.looseObject({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() }).optional(),
})

const errorSchema = z.strictObject({
  error: z.strictObject({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string().nullable() }),
})

/** What a stream of chat chunks that keeps the rules adds up to. */
export interface CheckedChat {
  readonly text: string
  /** The arguments of each call, in order. */
  readonly calls: readonly string[]
  readonly finishReason: string | undefined
  /** The code of the error that it ended with. */
  readonly error: string | undefined
}

/**
 * Checks a whole stream of `POST /v1/chat/completions` as it came over the wire: chunks of OpenAI's shape and nothing
 * else, because any other frame breaks the official client, then one end.
 *
 * @throws Error that names the first rule that was broken, and the frame that did.
 */
export function checkChatStream(frames: readonly SseFrame[]): CheckedChat {
  const said = frames.filter(({ data }) => data !== undefined)
  rule(said.at(-1)?.data === '[DONE]', 'the last frame is [DONE]', said.at(-1))
  let text = ''
  const calls: string[] = []
  let finishReason: string | undefined
  let error: string | undefined
  let id: string | undefined
  for (const frame of said.slice(0, -1)) {
    rule(frame.event === undefined && frame.id === undefined, 'no frame has a name or an id', frame)
    rule(error === undefined, 'nothing comes after an error', frame)
    const json: unknown = JSON.parse(frame.data!)
    const failure = errorSchema.safeParse(json)
    if (failure.success) {
      error = failure.data.error.code ?? ''
      continue
    }
    const parsed = chunkSchema.safeParse(json)
    rule(parsed.success, `every frame is a chunk: ${parsed.error?.message ?? ''}`, frame)
    const { choices, ...chunk } = parsed.data!
    rule(chunk.id === (id ??= chunk.id), 'the id does not change', frame)
    rule(choices.length === 1 || (chunk.usage !== undefined && finishReason !== undefined), 'only usage comes without a choice, after the reason', frame)
    for (const { delta, finish_reason } of choices) {
      rule(finishReason === undefined, 'nothing is said after the reason', frame)
      text += delta.content ?? ''
      for (const call of delta.tool_calls ?? []) {
        rule(call.index <= calls.length, 'calls are numbered in order', frame)
        rule(call.index < calls.length || (call.id !== undefined && call.function?.name !== undefined), 'a call begins with its id and name', frame)
        calls[call.index] = (calls[call.index] ?? '') + (call.function?.arguments ?? '')
      }
      finishReason = finish_reason ?? undefined
    }
  }
  rule((finishReason !== undefined) !== (error !== undefined), 'it ends with a reason or with an error', said.at(-2))
  return { text, calls, finishReason, error }
}

function rule(holds: boolean, what: string, where: unknown): void {
  if (!holds) throw new Error(`Broken: ${what}. In: ${JSON.stringify(where)?.slice(0, 600)}`)
}
