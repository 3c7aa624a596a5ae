import { createId } from '@talaria/core'
import { limitSchema } from '@talaria/core/http'
import type { Conversation, StoredItem } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope, type Caller } from '../api/caller.ts'
import type { Idempotency } from '../api/idempotency.ts'
import { parseInput, readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { listOf } from '../api/paging.ts'
import { METADATA } from '../openai/chat-request.ts'
import { conversationNotFound } from '../openai/response-context.ts'
import { agentMessagesOfItems, inputItemsOf, InputItemSchema, refuseUnknownItems } from '../openai/response-items.ts'

/** As many as OpenAI takes in one request. */
const Items = z.array(InputItemSchema).max(20)

const CreateConversation = z.strictObject({ items: Items.nullish(), metadata: METADATA.nullish() })
const UpdateConversation = z.strictObject({ metadata: METADATA })
const CreateItems = z.strictObject({ items: Items.min(1) })

const ItemsQuery = z.object({
  limit: limitSchema(20, 100),
  order: z.enum(['asc', 'desc']).default('desc'),
  after: z.string().optional().describe('The id of the last item of the page before'),
})

/** `/v1/conversations` and their items. */
export function conversationsRoutes(api: ApiContext, idempotency: Idempotency) {
  const store = api.stores.conversations
  return new Hono<ApiEnv>()
    .post('/conversations', operation({ tag: 'OpenAI', summary: 'Create a conversation', body: CreateConversation, idempotent: true }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const body = await readBody(c, CreateConversation)
      const conversation = { id: createId('conv'), owner: caller.owner, metadata: body.metadata ?? {} }
      const items = newItems(body.items ?? [])
      return idempotency.making<Conversation>(
        c,
        (kept) => store.create(conversation, items, kept),
        (made) => ({ status: 200, json: conversationJson(made) }),
      )
    })
    .get('/conversations/:id', operation({ tag: 'OpenAI', summary: 'Retrieve a conversation' }), async (c) => {
      requireScope(c.get('caller'), 'read')
      return c.json(conversationJson(await find(api, c.get('caller'), c.req.param('id'))))
    })
    .post('/conversations/:id', operation({ tag: 'OpenAI', summary: "Replace a conversation's metadata", body: UpdateConversation }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const id = c.req.param('id')
      const { metadata } = await readBody(c, UpdateConversation)
      const conversation = await store.update(id, caller.viewer, metadata)
      if (!conversation) throw conversationNotFound(id)
      return c.json(conversationJson(conversation))
    })
    .delete('/conversations/:id', operation({ tag: 'OpenAI', summary: 'Delete a conversation' }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const id = c.req.param('id')
      if (!(await store.delete(id, caller.viewer))) throw conversationNotFound(id)
      return c.json({ id, object: 'conversation.deleted', deleted: true })
    })
    .get('/conversations/:id/items', operation({ tag: 'OpenAI', summary: 'List items', query: ItemsQuery }), async (c) => {
      requireScope(c.get('caller'), 'read')
      const { id } = await find(api, c.get('caller'), c.req.param('id'))
      const { limit, order, after } = parseInput(ItemsQuery, c.req.query())
      const items = await store.items(id, { limit: limit + 1, order, ...(after !== undefined && { after }) })
      if (!items) throw new ApiError('invalid_pagination', `No item with id '${after}' in this conversation.`, { param: 'after' })
      return c.json(listOf(items.slice(0, limit), items.length > limit))
    })
    .post('/conversations/:id/items', operation({ tag: 'OpenAI', summary: 'Add items', body: CreateItems, idempotent: true }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const { id } = await find(api, caller, c.req.param('id'))
      const body = await readBody(c, CreateItems)
      const items = newItems(body.items)
      return idempotency.making<readonly StoredItem[]>(
        c,
        async (kept) => {
          await store.addItems(id, items, kept)
          return items
        },
        (added) => ({ status: 200, json: listOf(added, false) }),
      )
    })
    .get('/conversations/:id/items/:item', operation({ tag: 'OpenAI', summary: 'Retrieve an item' }), async (c) => {
      requireScope(c.get('caller'), 'read')
      const { id } = await find(api, c.get('caller'), c.req.param('id'))
      const item = await store.item(id, c.req.param('item'))
      if (!item) throw itemNotFound(c.req.param('item'))
      return c.json(item)
    })
    .delete('/conversations/:id/items/:item', operation({ tag: 'OpenAI', summary: 'Delete an item' }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const conversation = await find(api, caller, c.req.param('id'))
      if (!(await store.deleteItem(conversation.id, c.req.param('item')))) throw itemNotFound(c.req.param('item'))
      return c.json(conversationJson(conversation))
    })
}

function newItems(items: z.output<typeof Items>): readonly StoredItem[] {
  refuseUnknownItems(items)
  const stored = inputItemsOf(items)
  // What no model could be given is refused now, not when the conversation is next used.
  agentMessagesOfItems(stored, 'items')
  return stored
}

async function find(api: ApiContext, caller: Caller, id: string): Promise<Conversation> {
  const conversation = await api.stores.conversations.get(id, caller.viewer)
  if (!conversation) throw conversationNotFound(id)
  return conversation
}

function conversationJson(conversation: Conversation) {
  return { id: conversation.id, object: 'conversation', created_at: Math.floor(conversation.createdAt / 1000), metadata: conversation.metadata }
}

function itemNotFound(id: string): ApiError {
  return new ApiError('not_found', `Item with id '${id}' not found.`, { param: 'item_id' })
}
