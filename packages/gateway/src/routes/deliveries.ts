import { limitSchema } from '@talaria/core/http'
import type { Outbound } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope } from '../api/caller.ts'
import { parseInput } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { listOf } from '../api/paging.ts'

const ListQuery = z.object({
  state: z.enum(['pending', 'sending', 'sent', 'parked', 'dead']).default('dead'),
  platform: z.string().max(100).optional(),
  limit: limitSchema(50, 500),
  after: z.string().max(100).optional().describe('last_id of the page before'),
})

/** `/api/deliveries`: the outbox, above all what could not be sent, and sending that again. For admins. */
export function deliveriesRoutes(api: ApiContext) {
  const { outbound } = api.stores
  return new Hono<ApiEnv>()
    .get('/deliveries', operation({ tag: 'Operation', summary: 'List messages to chats by their state, newest first', query: ListQuery }), async (c) => {
      requireScope(c.get('caller'), 'admin')
      const { state, platform, limit, after } = parseInput(ListQuery, c.req.query())
      // One more than asked for says whether there are more.
      const rows = await outbound.list({ state, limit: limit + 1, ...(platform !== undefined && { platform }), ...(after !== undefined && { after }) })
      return c.json(listOf(rows.slice(0, limit).map(deliveryJson), rows.length > limit))
    })
    .get('/deliveries/counts', operation({ tag: 'Operation', summary: 'Count what is not sent yet, by platform and state' }), async (c) => {
      requireScope(c.get('caller'), 'admin')
      return c.json({ object: 'list', data: await outbound.counts() })
    })
    .post('/deliveries/:id/replay', operation({ tag: 'Operation', summary: 'Send a dead letter again' }), async (c) => {
      requireScope(c.get('caller'), 'admin')
      const id = c.req.param('id')
      if (!(await outbound.replay(id))) throw new ApiError('delivery_not_found', `No dead letter '${id.slice(0, 100)}'.`, { param: 'id' })
      return c.json(deliveryJson((await outbound.get(id))!))
    })
}

function deliveryJson({
  id,
  group,
  chunk,
  address,
  kind,
  text,
  attachments,
  state,
  attempts,
  dueAt,
  uncertain,
  code,
  error,
  messageId,
  turnId,
  createdAt,
  endedAt,
}: Outbound) {
  return {
    id,
    object: 'talaria.delivery',
    group,
    chunk,
    platform: address.platform,
    account: address.account,
    chat_id: address.chatId,
    thread_id: address.threadId,
    kind,
    text,
    attachments: attachments.map(({ name }) => name),
    state,
    attempts,
    due_at: secondsOf(dueAt),
    may_be_duplicate: uncertain,
    error: code === null ? null : { code, message: error },
    message_id: messageId,
    run_id: turnId,
    created_at: createdAt / 1000,
    ended_at: secondsOf(endedAt),
  }
}

function secondsOf(ms: number | null): number | null {
  return ms === null ? null : ms / 1000
}
