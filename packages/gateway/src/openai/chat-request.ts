import type { AgentMessage, AgentRequest } from '@talaria/agent'
import { z } from 'zod'
import { ApiError } from '../api/api-error.ts'
import { ContentPartSchema, contentPartsOf } from './content-parts.ts'

const Content = z.union([z.string(), z.array(ContentPartSchema).max(1_000)])

const ToolCallSchema = z.looseObject({
  id: z.string(),
  type: z.literal('function').default('function'),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
})

const MessageSchema = z.discriminatedUnion('role', [
  z.looseObject({ role: z.enum(['system', 'developer']), content: Content, name: z.string().nullish() }),
  z.looseObject({ role: z.literal('user'), content: Content, name: z.string().nullish() }),
  z.looseObject({ role: z.literal('assistant'), content: Content.nullish(), tool_calls: z.array(ToolCallSchema).nullish(), name: z.string().nullish() }),
  z.looseObject({ role: z.literal('tool'), content: Content, tool_call_id: z.string() }),
])

const FunctionTool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({
    name: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected 1 to 64 letters, digits, _ . or -'),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
})

const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
])

const ResponseFormat = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  z.looseObject({
    type: z.literal('json_schema'),
    json_schema: z.looseObject({
      name: z.string(),
      description: z.string().nullish(),
      schema: z.record(z.string(), z.unknown()).nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
])

/** What model providers understand in common; OpenAI's `max` they do not. */
export const REASONING_EFFORT = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh'])

export const METADATA = z.record(z.string().max(64), z.string().max(512)).refine((value) => Object.keys(value).length <= 16, 'at most 16 entries')

/** The body of `POST /v1/chat/completions`, as far as it has an effect here; see `CHAT_UNSUPPORTED` for the rest. */
export const ChatRequest = z.strictObject({
  model: z.string().max(256).nullish(),
  messages: z.array(MessageSchema).min(1, 'expected at least one message').max(10_000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  seed: z.int().nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  reasoning_effort: REASONING_EFFORT.nullish(),
  response_format: ResponseFormat.nullish(),
  tools: z.array(FunctionTool).max(512).nullish(),
  tool_choice: ToolChoice.nullish(),
  metadata: METADATA.nullish(),
  user: z.string().max(512).nullish(),
  safety_identifier: z.string().max(512).nullish(),
  prompt_cache_key: z.string().max(512).nullish(),
  prompt_cache_retention: z.string().max(64).nullish(),
  on_disconnect: z.enum(['cancel', 'continue']).nullish(),
})

export type ChatRequestBody = z.output<typeof ChatRequest>

/** The request's messages as the agent takes them; `developer` is `system`. */
export function agentMessagesOf(body: ChatRequestBody): readonly AgentMessage[] {
  return body.messages.map((message, index) => {
    const param = `messages[${index}].content`
    const content = Array.isArray(message.content) ? contentPartsOf(message.content, param) : (message.content ?? '')
    if (message.role === 'tool') return { role: 'tool', content, toolCallId: message.tool_call_id }
    if (message.role === 'assistant') {
      const calls = (message.tool_calls ?? []).map((call) => ({ id: call.id, name: call.function.name, arguments: call.function.arguments }))
      return { role: 'assistant', content, ...(calls.length > 0 && { toolCalls: calls }) }
    }
    return { role: message.role === 'developer' ? 'system' : message.role, content }
  })
}

/** Tools, sampling and format, as the agent takes them. */
export function agentOptionsOf(body: ChatRequestBody): Pick<AgentRequest, 'clientTools' | 'toolChoice' | 'sampling'> {
  const tools = (body.tools ?? []).map(({ function: tool }) => ({
    name: tool.name,
    parameters: tool.parameters ?? { type: 'object', properties: {} },
    ...(tool.description && { description: tool.description }),
    ...(typeof tool.strict === 'boolean' && { strict: tool.strict }),
  }))
  return {
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
  const { name } = choice.function
  if (!tools.some((tool) => tool.name === name))
    throw new ApiError('invalid_value', `tool_choice names '${name}', which is not among the tools.`, { param: 'tool_choice' })
  return { name }
}

function samplingOf(body: ChatRequestBody): NonNullable<AgentRequest['sampling']> {
  const maxOutputTokens = body.max_completion_tokens ?? body.max_tokens
  const format = body.response_format
  return {
    ...(body.temperature != null && { temperature: body.temperature }),
    ...(body.top_p != null && { topP: body.top_p }),
    ...(maxOutputTokens != null && { maxOutputTokens }),
    ...(body.stop != null && { stop: typeof body.stop === 'string' ? [body.stop] : body.stop }),
    ...(body.seed != null && { seed: body.seed }),
    ...(body.presence_penalty != null && { presencePenalty: body.presence_penalty }),
    ...(body.frequency_penalty != null && { frequencyPenalty: body.frequency_penalty }),
    ...(body.reasoning_effort != null && { reasoningEffort: body.reasoning_effort }),
    ...(format && format.type !== 'text' && { responseFormat: jsonFormatOf(format) }),
  }
}

interface JsonSchemaFormat {
  readonly name: string
  readonly description?: string | null | undefined
  readonly schema?: Record<string, unknown> | null | undefined
  readonly strict?: boolean | null | undefined
}

/** What a JSON answer must look like; shared by both of OpenAI's APIs, which differ only in nesting. */
export function jsonFormatOf(
  format: { readonly type: 'json_object' } | { readonly type: 'json_schema'; readonly json_schema: JsonSchemaFormat },
): NonNullable<NonNullable<AgentRequest['sampling']>['responseFormat']> {
  if (format.type === 'json_object') return { type: 'json' }
  const { name, description, schema, strict } = format.json_schema
  return { type: 'json', name, ...(description && { description }), ...(schema && { schema }), ...(typeof strict === 'boolean' && { strict }) }
}
