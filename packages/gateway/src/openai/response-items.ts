import type { AgentMessage, ToolCall } from '@talaria/agent'
import { createId } from '@talaria/core'
import type { StoredItem } from '@talaria/db'
import { z } from 'zod'
import { ApiError } from '../api/api-error.ts'
import { ContentPartSchema, contentPartsOf } from './content-parts.ts'

const Content = z.union([z.string(), z.array(ContentPartSchema).max(1_000)])

const KNOWN_TYPES = new Set(['message', 'function_call', 'function_call_output', 'reasoning', 'compaction', 'item_reference'])

/** One element of a response's `input`. */
export const InputItemSchema = z.union([
  z.looseObject({ role: z.enum(['user', 'assistant', 'system', 'developer']), content: Content, type: z.literal('message').optional() }),
  z.looseObject({ type: z.literal('function_call'), call_id: z.string(), name: z.string(), arguments: z.string() }),
  z.looseObject({ type: z.literal('function_call_output'), call_id: z.string(), output: z.union([z.string(), z.array(ContentPartSchema)]) }),
  z.looseObject({ type: z.literal('reasoning') }),
  z.looseObject({ type: z.literal('compaction'), encrypted_content: z.string() }),
  z.looseObject({ type: z.literal('item_reference'), id: z.string() }),
  // Of a kind that is not handled here, which is then refused by its name.
  z.looseObject({ type: z.string().refine((type) => !KNOWN_TYPES.has(type), { abort: true }) }),
])

export type InputItem = z.output<typeof InputItemSchema>

/** @throws ApiError `unsupported_parameter` for an item of a kind this server does not handle. */
export function refuseUnknownItems(input: string | readonly InputItem[] | null | undefined): void {
  if (!Array.isArray(input)) return
  for (const [index, { type }] of input.entries()) {
    if (type !== undefined && !KNOWN_TYPES.has(type)) {
      throw new ApiError('unsupported_parameter', `Unsupported parameter: 'input[${index}].type' ('${type}').`, { param: `input[${index}].type` })
    }
  }
}

/** A request's input as items with ids, ready to be stored. `item_reference`s are left for the caller to resolve. */
export function inputItemsOf(input: string | readonly InputItem[] | null | undefined): readonly StoredItem[] {
  if (input == null) return []
  if (typeof input === 'string') return [userItem(input)]
  return input.map((item) => {
    const { type = 'message', id, ...rest } = item as Record<string, unknown>
    const kind = type as string
    if (kind === 'item_reference') return { id: id as string, type: kind }
    const known = typeof id === 'string' && id !== '' ? id : createId(PREFIXES[kind] ?? 'item')
    if (kind !== 'message') return { id: known, type: kind, status: 'completed', ...rest }
    const { content, role } = rest as { content: unknown; role: string }
    return { id: known, type: kind, status: 'completed', ...rest, content: typeof content === 'string' ? [textPart(role, content)] : content }
  })
}

const PREFIXES: Readonly<Record<string, string>> = { message: 'msg', function_call: 'fc', function_call_output: 'fco', reasoning: 'rs', compaction: 'cmp' }

function userItem(text: string): StoredItem {
  return { id: createId('msg'), type: 'message', status: 'completed', role: 'user', content: [textPart('user', text)] }
}

function textPart(role: string, text: string) {
  return role === 'assistant' ? { type: 'output_text', text, annotations: [], logprobs: [] } : { type: 'input_text', text }
}

/**
 * Items as the agent takes them: calls join the assistant message they belong to, reasoning stays behind.
 *
 * @throws ApiError when a content part is not supported.
 */
export function agentMessagesOfItems(items: readonly StoredItem[], param = 'input'): readonly AgentMessage[] {
  const messages: AgentMessage[] = []
  for (const [index, item] of items.entries()) {
    const field = `${param}[${index}]`
    if (item.type === 'message') messages.push(messageOf(item, field))
    else if (item.type === 'function_call')
      addCall(messages, { id: item['call_id'] as string, name: item['name'] as string, arguments: item['arguments'] as string })
    else if (item.type === 'function_call_output')
      messages.push({ role: 'tool', content: contentOf(item['output'], `${field}.output`), toolCallId: item['call_id'] as string })
    else if (item.type === 'compaction') messages.push({ role: 'system', content: decodeCompaction(item['encrypted_content'] as string, field) })
  }
  return messages
}

function messageOf(item: StoredItem, field: string): AgentMessage {
  const role = item['role'] as 'user' | 'assistant' | 'system' | 'developer'
  return { role: role === 'developer' ? 'system' : role, content: contentOf(item['content'], `${field}.content`) }
}

function contentOf(content: unknown, param: string): AgentMessage['content'] {
  if (typeof content === 'string') return content
  const parts = contentPartsOf(content as z.output<typeof ContentPartSchema>[], param)
  return parts.every((part) => part.type === 'text') ? parts.map((part) => part.text).join('\n') : parts
}

function addCall(messages: AgentMessage[], call: ToolCall): void {
  const last = messages.at(-1)
  if (last?.role === 'assistant') messages[messages.length - 1] = { ...last, toolCalls: [...(last.toolCalls ?? []), call] }
  else messages.push({ role: 'assistant', content: '', toolCalls: [call] })
}

/** A compaction's summary travels through the client as opaque text, as OpenAI has it; ours is merely encoded. */
export function encodeCompaction(summary: string): string {
  return Buffer.from(summary).toString('base64url')
}

function decodeCompaction(text: string, field: string): string {
  const summary = Buffer.from(text, 'base64url').toString()
  if (encodeCompaction(summary) !== text) {
    throw new ApiError('invalid_value', `'${field}.encrypted_content' was not made by this server.`, { param: `${field}.encrypted_content` })
  }
  return summary
}
