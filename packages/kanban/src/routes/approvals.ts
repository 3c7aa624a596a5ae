import { limitSchema } from '@talaria/core/http'
import { Hono } from 'hono'
import { z } from 'zod'
import { actorOf } from './caller.ts'
import type { KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson, readQuery } from './read-json.ts'
import { requireTask } from './task-of.ts'

const ListQuery = z.strictObject({
  task: z.string().exactOptional(),
  waiting: z.enum(['true', 'false']).exactOptional().describe('Only those that wait for an answer'),
  limit: limitSchema(100, 500),
})
const AnswerInput = z.strictObject({ approved: z.boolean(), reason: z.string().max(4_000).exactOptional() })

/** `/{board}/approvals`: completions that wait for a word. */
export function approvalsRoutes() {
  return new Hono<KanbanEnv>()
    .get('/approvals', operation({ tag: 'Tasks', summary: 'List approvals, newest first', query: ListQuery }), async (c) => {
      const { task, waiting, limit } = readQuery(c, ListQuery)
      const taskNumber = task === undefined ? undefined : (await requireTask(c, task)).number
      const approvals = await c.get('stores').approvals.list({ limit, isWaiting: waiting === 'true', ...(taskNumber !== undefined && { taskNumber }) })
      return c.json({ approvals })
    })
    .post('/approvals/:approval', operation({ tag: 'Tasks', summary: 'Say yes or no, once', body: AnswerInput }), async (c) => {
      const { approved, reason } = await readJson(c, AnswerInput)
      const approval = await c.get('stores').approvals.answer(c.req.param('approval'), { approved, actor: actorOf(c), ...(reason !== undefined && { reason }) })
      return c.json({ approval })
    })
}
