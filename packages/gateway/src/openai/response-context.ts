import type { AgentMessage } from '@talaria/agent'
import { createId } from '@talaria/core'
import type { Conversation, ResponseWithItems, StoredItem } from '@talaria/db'
import type { ApiContext } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import type { Caller } from '../api/caller.ts'
import { agentMessagesOfItems, inputItemsOf, refuseUnknownItems } from './response-items.ts'
import type { ResponseRequestBody } from './response-request.ts'

/** More than any model reads; a conversation that is longer is to be compacted. */
const MOST_ITEMS = 10_000

/** What came before a response, and what it adds. */
export interface ResponseContext {
  readonly previous: ResponseWithItems | undefined
  readonly conversation: Conversation | undefined
  /** The items of this request, with ids. */
  readonly input: readonly StoredItem[]
  /** Everything before them, oldest first. */
  readonly past: readonly AgentMessage[]
  readonly present: readonly AgentMessage[]
}

type ContextRequest = Pick<ResponseRequestBody, 'input' | 'previous_response_id' | 'conversation' | 'truncation'>

/** With `truncation: 'auto'` so much of what came before is kept, as the predecessor has it; compactions always are. */
const MOST_AFTER_TRUNCATION = 100

export interface ContextOptions {
  /** Whether a conversation that is named for the first time begins; else it is as if it were not named. */
  readonly mayBegin: boolean
}

/**
 * Finds what a response follows: the chain of `previous_response_id`, the items of `conversation`, or nothing.
 *
 * @throws ApiError `mutually_exclusive_parameters`, `previous_response_not_found`, `conversation_not_found`, and what is
 * wrong with the input.
 */
export async function responseContext(api: ApiContext, caller: Caller, body: ContextRequest, { mayBegin }: ContextOptions): Promise<ResponseContext> {
  if (body.previous_response_id != null && body.conversation != null) {
    throw new ApiError('mutually_exclusive_parameters', "Send either 'previous_response_id' or 'conversation', not both.", { param: 'conversation' })
  }
  refuseUnknownItems(body.input)
  const previous = body.previous_response_id == null ? undefined : await previousOf(api, caller, body.previous_response_id)
  const conversation = body.conversation == null ? undefined : await conversationOf(api, caller, body.conversation, mayBegin)
  const before = previous ? await api.stores.responses.context(previous.id) : conversation ? await itemsOf(api, conversation.id) : []
  const input = resolveReferences(inputItemsOf(body.input), before)
  const past = agentMessagesOfItems(before, 'previous')
  return { previous, conversation, input, past: body.truncation === 'auto' ? truncated(past) : past, present: agentMessagesOfItems(input) }
}

/** What has been said in a conversation by now: more than when it was asked, where it was being answered then. */
export async function conversationSoFar(
  api: ApiContext,
  conversation: Conversation,
  truncation: ContextRequest['truncation'],
): Promise<readonly AgentMessage[]> {
  const past = agentMessagesOfItems(await itemsOf(api, conversation.id), 'previous')
  return truncation === 'auto' ? truncated(past) : past
}

function truncated(past: readonly AgentMessage[]): readonly AgentMessage[] {
  const from = past.length - MOST_AFTER_TRUNCATION
  // It begins with a question: results of calls that are cut off would be results of nothing.
  const begin = from <= 0 ? 0 : past.findIndex((message, index) => index >= from && message.role === 'user')
  return past.filter((message, index) => (begin !== -1 && index >= begin) || message.role === 'system')
}

async function previousOf(api: ApiContext, caller: Caller, id: string): Promise<ResponseWithItems> {
  const previous = await api.stores.responses.get(id, caller.viewer)
  if (!previous) throw new ApiError('previous_response_not_found', `Previous response with id '${id}' not found.`, { param: 'previous_response_id' })
  if (previous.status === 'queued' || previous.status === 'in_progress') {
    throw new ApiError('invalid_request', `Response '${id}' is still ${previous.status}; wait until it has ended.`, { param: 'previous_response_id' })
  }
  return previous
}

/** By id, or by a name of the client's choice, which begins a conversation the first time. */
async function conversationOf(api: ApiContext, caller: Caller, wanted: string | { readonly id: string }, mayBegin: boolean): Promise<Conversation | undefined> {
  const id = typeof wanted === 'string' ? wanted : wanted.id
  const known =
    (await api.stores.conversations.get(id, caller.viewer)) ??
    (typeof wanted === 'string' ? await api.stores.conversations.named(wanted, caller.owner) : undefined)
  if (known) return known
  if (typeof wanted !== 'string' || id.startsWith('conv_')) throw conversationNotFound(id)
  if (!mayBegin) return undefined
  return api.stores.conversations.create({ id: createId('conv'), owner: caller.owner, name: wanted, metadata: {} })
}

export function conversationNotFound(id: string): ApiError {
  return new ApiError('conversation_not_found', `Conversation with id '${id}' not found.`, { param: 'conversation' })
}

async function itemsOf(api: ApiContext, conversationId: string): Promise<readonly StoredItem[]> {
  return (await api.stores.conversations.items(conversationId, { limit: MOST_ITEMS, order: 'asc' })) ?? []
}

function resolveReferences(input: readonly StoredItem[], before: readonly StoredItem[]): readonly StoredItem[] {
  return input.map((item, index) => {
    if (item.type !== 'item_reference') return item
    const found = before.find((other) => other.id === item.id)
    if (found) return found
    throw new ApiError('invalid_value', `Item with id '${item.id}' not found among the items before this request.`, { param: `input[${index}].id` })
  })
}
