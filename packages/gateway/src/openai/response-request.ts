import type { AgentRequest } from '@talaria/agent'
import { z } from 'zod'
import { ApiError } from '../api/api-error.ts'
import { jsonFormatOf, METADATA, REASONING_EFFORT } from './chat-request.ts'
import { InputItemSchema } from './response-items.ts'

const Format = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  z.looseObject({
    type: z.literal('json_schema'),
    name: z.string(),
    description: z.string().nullish(),
    schema: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
])

const Tool = z.looseObject({
  type: z.string(),
  name: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected 1 to 64 letters, digits, _ . or -')
    .optional(),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
})

const ToolChoice = z.union([z.enum(['none', 'auto', 'required']), z.looseObject({ type: z.string(), name: z.string().optional() })])

/** What can be included is: there are no items of hosted tools, pictures have their URL, and reasoning is not encrypted. */
const Include = z.enum([
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
])

/** What `create` and `input_tokens` have in common. */
const Common = {
  model: z.string().max(256).nullish(),
  input: z.union([z.string(), z.array(InputItemSchema).max(10_000)]).nullish(),
  instructions: z.string().nullish(),
  previous_response_id: z.string().max(256).nullish(),
  conversation: z.union([z.string().max(256), z.looseObject({ id: z.string().max(256) })]).nullish(),
  tools: z.array(Tool).max(512).nullish(),
  tool_choice: ToolChoice.nullish(),
  reasoning: z
    .looseObject({
      effort: REASONING_EFFORT.nullish(),
      // Of these the defaults only: what they would change is not in our hands.
      context: z.enum(['auto', 'all_turns']).nullish(),
      mode: z.literal('standard').nullish(),
      summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
      generate_summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
    })
    .nullish(),
  text: z.looseObject({ format: Format.nullish(), verbosity: z.literal('medium').nullish() }).nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
}

/** The body of `POST /v1/responses`, as far as it has an effect here; see `RESPONSES_UNSUPPORTED` for the rest. */
export const ResponseRequest = z.strictObject({
  ...Common,
  background: z.boolean().nullish(),
  include: z.array(Include).max(20).nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  metadata: METADATA.nullish(),
  prompt_cache_key: z.string().max(512).nullish(),
  prompt_cache_retention: z.string().max(64).nullish(),
  prompt_cache_options: z.record(z.string(), z.unknown()).nullish(),
  safety_identifier: z.string().max(512).nullish(),
  user: z.string().max(512).nullish(),
  store: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  on_disconnect: z.enum(['cancel', 'continue']).nullish(),
})

/** The body of `POST /v1/responses/input_tokens`. */
export const InputTokensRequest = z.strictObject(Common)

/** The body of `POST /v1/responses/compact`. */
export const CompactRequest = z.strictObject({
  model: Common.model,
  input: Common.input,
  instructions: Common.instructions,
  previous_response_id: Common.previous_response_id,
  prompt_cache_key: z.string().max(512).nullish(),
  prompt_cache_retention: z.string().max(64).nullish(),
  prompt_cache_options: z.record(z.string(), z.unknown()).nullish(),
})

export type ResponseRequestBody = z.output<typeof ResponseRequest>

/** Tools, sampling and format, as the agent takes them. */
export function responseAgentOptionsOf(body: ResponseRequestBody): Pick<AgentRequest, 'clientTools' | 'toolChoice' | 'sampling' | 'instructions'> {
  const tools = (body.tools ?? []).map((tool, index) => {
    if (tool.type !== 'function' || tool.name === undefined) {
      throw new ApiError(
        'unsupported_parameter',
        `Unsupported parameter: 'tools[${index}].type' ('${tool.type}'): function tools are supported, hosted ones are not.`,
        {
          param: `tools[${index}].type`,
        },
      )
    }
    return {
      name: tool.name,
      parameters: tool.parameters ?? { type: 'object', properties: {} },
      ...(tool.description && { description: tool.description }),
      ...(typeof tool.strict === 'boolean' && { strict: tool.strict }),
    }
  })
  return {
    ...(body.instructions && { instructions: body.instructions }),
    ...(tools.length > 0 && { clientTools: tools }),
    ...(body.tool_choice && { toolChoice: toolChoiceOf(body.tool_choice, tools) }),
    sampling: samplingOf(body),
  }
}

function toolChoiceOf(choice: z.output<typeof ToolChoice>, tools: readonly { readonly name: string }[]): NonNullable<AgentRequest['toolChoice']> {
  if (typeof choice === 'string') {
    if (choice === 'required' && tools.length === 0)
      throw new ApiError('invalid_value', "tool_choice 'required' needs at least one tool.", { param: 'tool_choice' })
    return choice
  }
  if (choice.type !== 'function' || choice.name === undefined) {
    throw new ApiError('unsupported_parameter', `Unsupported parameter: 'tool_choice.type' ('${choice.type}').`, { param: 'tool_choice.type' })
  }
  if (!tools.some((tool) => tool.name === choice.name)) {
    throw new ApiError('invalid_value', `tool_choice names '${choice.name}', which is not among the tools.`, { param: 'tool_choice' })
  }
  return { name: choice.name }
}

function samplingOf(body: ResponseRequestBody): NonNullable<AgentRequest['sampling']> {
  const format = body.text?.format
  return {
    ...(body.temperature != null && { temperature: body.temperature }),
    ...(body.top_p != null && { topP: body.top_p }),
    ...(body.max_output_tokens != null && { maxOutputTokens: body.max_output_tokens }),
    ...(body.presence_penalty != null && { presencePenalty: body.presence_penalty }),
    ...(body.frequency_penalty != null && { frequencyPenalty: body.frequency_penalty }),
    ...(body.reasoning?.effort != null && { reasoningEffort: body.reasoning.effort }),
    ...(format &&
      format.type !== 'text' && {
        responseFormat: format.type === 'json_schema' ? jsonFormatOf({ type: 'json_schema', json_schema: format }) : { type: 'json' },
      }),
  }
}
