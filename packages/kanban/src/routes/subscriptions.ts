import { BoardError, type Subscription } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { actorOf } from './caller.ts'
import type { KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson, readQuery } from './read-json.ts'
import { SubscriptionInput } from './subscription-input.ts'
import { requireTask } from './task-of.ts'

const ListQuery = z.strictObject({ task: z.string().exactOptional().describe('Of this task; `board` for those of the board as a whole') })

/** `/{board}/subscriptions`: who is told of what happens. */
export function subscriptionsRoutes() {
  return new Hono<KanbanEnv>()
    .get('/subscriptions', operation({ tag: 'Events', summary: 'List subscriptions', query: ListQuery }), async (c) => {
      const { task } = readQuery(c, ListQuery)
      const taskNumber = task === undefined ? undefined : task === 'board' ? null : (await requireTask(c, task)).number
      const subscriptions = await c.get('stores').subscriptions.list(taskNumber === undefined ? {} : { taskNumber })
      return c.json({ subscriptions: subscriptions.map(withoutSecret) })
    })
    .post(
      '/subscriptions',
      operation({ tag: 'Events', summary: 'Have a chat, a session or a URL be told from now on', body: SubscriptionInput, status: 201 }),
      async (c) => {
        const { task, ...subscription } = await readJson(c, SubscriptionInput)
        const taskNumber = task === undefined ? null : (await requireTask(c, task)).number
        return c.json({ subscription: withoutSecret(await c.get('stores').subscriptions.add(taskNumber, subscription, actorOf(c))) }, 201)
      },
    )
    .delete('/subscriptions/:subscription', operation({ tag: 'Events', summary: 'End a subscription' }), async (c) => {
      if (await c.get('stores').subscriptions.remove(c.req.param('subscription'), actorOf(c))) return c.json({ ok: true })
      throw notFound(c)
    })
    .post('/subscriptions/:subscription/resume', operation({ tag: 'Events', summary: 'Tell again who could not be told' }), async (c) => {
      if (await c.get('stores').subscriptions.resume(c.req.param('subscription'))) return c.json({ ok: true })
      throw notFound(c)
    })
}

/** What signs a webhook is known to who made it, and is shown to nobody. */
function withoutSecret({ target, ...subscription }: Subscription) {
  if (target.kind !== 'webhook') return { ...subscription, target }
  const { secret, ...rest } = target
  return { ...subscription, target: { ...rest, isSigned: secret !== undefined } }
}

function notFound(c: Context): BoardError {
  return new BoardError('NOT_FOUND', `There is no subscription '${(c.req.param('subscription') ?? '').slice(0, 80)}' that this could be done to.`)
}
