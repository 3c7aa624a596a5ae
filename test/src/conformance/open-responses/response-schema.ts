import { z } from 'zod'

/**
 * What a response must have by the Open Responses specification of 2026-04-24, in our own words. Everything named is
 * required, as it is there; what is not named may come too.
 *
 * @see https://www.openresponses.org/specification
 */

const itemStatus = z.enum(['in_progress', 'completed', 'incomplete', 'failed'])
const seconds = z.int().min(1_000_000_000).max(9_999_999_999)
const count = z.int().min(0)

const outputText = z.looseObject({ type: z.literal('output_text'), text: z.string(), annotations: z.array(z.unknown()), logprobs: z.array(z.unknown()) })
const summaryText = z.looseObject({ type: z.literal('summary_text'), text: z.string() })

/** One thing in the output of a response. */
export const itemSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('message'), id: z.string().min(1), status: itemStatus, role: z.literal('assistant'), content: z.array(outputText) }),
  z.looseObject({ type: z.literal('reasoning'), id: z.string().min(1), status: itemStatus, summary: z.array(summaryText) }),
  z.looseObject({
    type: z.literal('function_call'),
    id: z.string().min(1),
    status: itemStatus,
    call_id: z.string().min(1),
    name: z.string().min(1),
    arguments: z.string(),
  }),
  z.looseObject({ type: z.literal('function_call_output'), id: z.string().min(1), status: itemStatus, call_id: z.string().min(1), output: z.string() }),
])

export type Item = z.output<typeof itemSchema>

const usageSchema = z.looseObject({
  input_tokens: count,
  output_tokens: count,
  total_tokens: count,
  input_tokens_details: z.looseObject({ cached_tokens: count }),
  output_tokens_details: z.looseObject({ reasoning_tokens: count }),
})

const toolSchema = z.looseObject({
  type: z.literal('function'),
  name: z.string(),
  description: z.string().nullable(),
  parameters: z.record(z.string(), z.unknown()).nullable(),
  strict: z.boolean().nullable(),
})

/** A response: every key that the specification requires, `null` where it allows that. */
export const responseSchema = z.looseObject({
  id: z.string().startsWith('resp_'),
  object: z.literal('response'),
  created_at: seconds,
  completed_at: seconds.nullable(),
  status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
  incomplete_details: z.looseObject({ reason: z.string() }).nullable(),
  model: z.string(),
  previous_response_id: z.string().nullable(),
  instructions: z.string().nullable(),
  output: z.array(itemSchema),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  tools: z.array(toolSchema),
  tool_choice: z.union([z.string(), z.looseObject({ type: z.string() })]),
  truncation: z.enum(['auto', 'disabled']),
  parallel_tool_calls: z.boolean(),
  text: z.looseObject({ format: z.looseObject({ type: z.string() }) }),
  top_p: z.number(),
  presence_penalty: z.number(),
  frequency_penalty: z.number(),
  top_logprobs: z.int(),
  temperature: z.number(),
  reasoning: z.looseObject({ effort: z.string().nullable(), summary: z.string().nullable() }).nullable(),
  usage: usageSchema.nullable(),
  max_output_tokens: z.int().nullable(),
  max_tool_calls: z.int().nullable(),
  store: z.boolean(),
  background: z.boolean(),
  service_tier: z.string(),
  metadata: z.record(z.string(), z.string()),
  safety_identifier: z.string().nullable(),
  prompt_cache_key: z.string().nullable(),
})

export type OpenResponse = z.output<typeof responseSchema>
