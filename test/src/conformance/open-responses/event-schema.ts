import { z } from 'zod'
import { itemSchema, responseSchema } from './response-schema.ts'

const index = z.int().min(0)

/** An event's own fields beside those that all have. Strict: a field that nobody defined is a mistake until it is defined. */
function event<Type extends string, Fields extends z.ZodRawShape>(type: Type, fields: Fields) {
  return z.strictObject({ type: z.literal(type), sequence_number: index, ...fields })
}

const ofItem = { item_id: z.string().min(1), output_index: index }
const ofContent = { ...ofItem, content_index: index }
const ofSummary = { ...ofItem, summary_index: index }
const textPart = z.looseObject({ type: z.literal('output_text'), text: z.string(), annotations: z.array(z.unknown()), logprobs: z.array(z.unknown()) })
const summaryPart = z.looseObject({ type: z.literal('summary_text'), text: z.string() })
const logprobs = z.array(z.unknown())

/** Every event that a stream of `POST /v1/responses` may hold here; all are OpenAI's. */
export const eventSchema = z.discriminatedUnion('type', [
  event('response.created', { response: responseSchema }),
  event('response.queued', { response: responseSchema }),
  event('response.in_progress', { response: responseSchema }),
  event('response.output_item.added', { output_index: index, item: itemSchema }),
  event('response.output_item.done', { output_index: index, item: itemSchema }),
  event('response.content_part.added', { ...ofContent, part: textPart }),
  event('response.content_part.done', { ...ofContent, part: textPart }),
  event('response.output_text.delta', { ...ofContent, delta: z.string(), logprobs }),
  event('response.output_text.done', { ...ofContent, text: z.string(), logprobs }),
  event('response.reasoning_summary_part.added', { ...ofSummary, part: summaryPart }),
  event('response.reasoning_summary_part.done', { ...ofSummary, part: summaryPart }),
  event('response.reasoning_summary_text.delta', { ...ofSummary, delta: z.string() }),
  event('response.reasoning_summary_text.done', { ...ofSummary, text: z.string() }),
  event('response.function_call_arguments.delta', { ...ofItem, delta: z.string() }),
  event('response.function_call_arguments.done', { ...ofItem, arguments: z.string(), name: z.string() }),
  event('response.completed', { response: responseSchema }),
  event('response.incomplete', { response: responseSchema }),
  event('response.failed', { response: responseSchema }),
])

export type StreamEvent = z.output<typeof eventSchema>
