import { parseInput } from '@talaria/core/http'
import type { TaskDetail } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import { actorOf } from './caller.ts'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson } from './read-json.ts'
import { renderError } from './render-error.ts'
import { TaskRef } from './task-input.ts'
import { BULK_OPERATIONS } from './task-operations.ts'

const BulkInput = z.strictObject({
  tasks: z.array(TaskRef).min(1).max(500),
  operation: z.enum(Object.keys(BULK_OPERATIONS)).describe('An action of a task, or change, delete or restore'),
  arguments: z.record(z.string(), z.unknown()).default({}).describe('The body that the operation takes for one task'),
})

/** `/{board}/tasks/bulk`: one thing done to many tasks, each by itself: what one refuses does not hold up the others. */
export function bulkRoutes({ log }: KanbanApi) {
  return new Hono<KanbanEnv>().post('/tasks/bulk', operation({ tag: 'Tasks', summary: 'Do one thing to many tasks', body: BulkInput }), async (c) => {
    const input = await readJson(c, BulkInput)
    const { body, run } = BULK_OPERATIONS[input.operation]!
    const given = parseInput(z.strictObject({ arguments: body }), { arguments: input.arguments }).arguments
    const { tasks } = c.get('stores')
    const one = async (task: string | number) => {
      try {
        return { task, ok: true, ...after(await run(tasks, task, given as never, { actor: actorOf(c) })) }
      } catch (error) {
        return { task, ok: false, error: renderError(error, log, { path: c.req.path, task }).error }
      }
    }
    // Together they are few commits.
    return c.json({ results: await Promise.all(input.tasks.map(one)) })
  })
}

function after(task: TaskDetail | undefined): object {
  return task ? { number: task.number, state: task.state, revision: task.revision } : {}
}
