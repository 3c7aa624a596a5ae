import { Hono } from 'hono'
import { z } from 'zod'
import { actorOf } from './caller.ts'
import { expectedRevision } from './entity-tag.ts'
import type { KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson } from './read-json.ts'
import { TASK_ACTIONS, type TaskOperation } from './task-operations.ts'
import { answer } from './tasks.ts'

/** `/{board}/tasks/{task}/{action}`: everything that people may do to a task, each way of the table of transitions. */
export function taskActionsRoutes() {
  const routes = new Hono<KanbanEnv>()
  for (const [action, { summary, body, run }] of Object.entries<TaskOperation>(TASK_ACTIONS)) {
    const Body = body.extend({ revision: z.int().exactOptional().describe('Of the task as it was read: 412 when it was changed since') })
    routes.post(`/tasks/:task/${action}`, operation({ tag: 'Tasks', summary, body: Body }), async (c) => {
      const { revision, ...given } = await readJson(c, Body)
      const acting = { actor: actorOf(c), ...(typeof revision === 'number' && { revision }), ...expectedRevision(c) }
      return answer(c, (await run(c.get('stores').tasks, c.req.param('task'), given as never, acting))!)
    })
  }
  return routes
}
