import { limitSchema } from '@talaria/core/http'
import { actionsFrom, invalidField, type TaskDetail, type TaskState } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { actorOf } from './caller.ts'
import { cardOf } from './card.ts'
import { expectedRevision } from './entity-tag.ts'
import type { KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson, readQuery } from './read-json.ts'
import { taskFilterOf, TaskFilterQuery } from './task-filter-query.ts'
import { NewTaskInput, TaskChangesInput } from './task-input.ts'
import { isOffered } from './task-operations.ts'
import { taskOf } from './task-of.ts'

const ListQuery = TaskFilterQuery.extend({
  states: z.string().exactOptional().describe('States, separated by commas'),
  column: z.string().exactOptional().describe('Key of a column of the board, instead of states'),
  deleted: z.enum(['true', 'false']).exactOptional().describe('Deleted ones as well'),
  sort: z.enum(['priority', 'created', 'created-desc', 'updated', 'due', 'title']).exactOptional(),
  after: z.string().exactOptional().describe('nextCursor of the page before'),
  limit: limitSchema(50, 500),
})

const DetailQuery = z.strictObject({ deleted: z.enum(['true', 'false']).exactOptional().describe('Also when it is deleted') })

/** Comments and events that come with a task; more are pages of their own. */
const LATEST = 50

/** `/{board}/tasks`: cards, and what there is to know of one. */
export function tasksRoutes() {
  return new Hono<KanbanEnv>()
    .get('/tasks', operation({ tag: 'Tasks', summary: 'List tasks, page by page', query: ListQuery }), async (c) => {
      const { states, column, deleted, sort, after, limit, ...filter } = readQuery(c, ListQuery)
      const { tasks, nextCursor } = await c.get('stores').tasks.list({
        ...taskFilterOf(filter),
        ...(states !== undefined && { states: states.split(',').map((state) => state.trim() as TaskState) }),
        ...(column !== undefined && { column }),
        ...(deleted === 'true' && { includeDeleted: true }),
        ...(sort !== undefined && { sort }),
        ...(after !== undefined && { after }),
        limit,
      })
      return c.json({ tasks: tasks.map(cardOf), nextCursor: nextCursor ?? null })
    })
    .post(
      '/tasks',
      operation({
        tag: 'Tasks',
        summary: 'Make a task, or find the one that was made with the same key',
        body: NewTaskInput,
        status: 201,
        headers: [{ name: 'Idempotency-Key', description: 'The task that was made with this key is found, and answered with 200.' }],
      }),
      async (c) => {
        const input = await readJson(c, NewTaskInput)
        const idempotencyKey = c.req.header('idempotency-key') ?? input.idempotencyKey
        const { task, created } = await c.get('stores').tasks.create({ ...input, ...(idempotencyKey !== undefined && { idempotencyKey }) }, actorOf(c))
        c.header('Location', `${c.req.path}/${task.number}`)
        return answer(c, task, { created }, created ? 201 : 200)
      },
    )
    .get('/tasks/:task', operation({ tag: 'Tasks', summary: 'Get a task with all that belongs to it', query: DetailQuery }), async (c) => {
      const { deleted } = readQuery(c, DetailQuery)
      const task = await taskOf(c, { includeDeleted: deleted === 'true' })
      return answer(c, task, await belongings(c, task))
    })
    .patch(
      '/tasks/:task',
      operation({
        tag: 'Tasks',
        summary: 'Change fields of a task',
        body: TaskChangesInput.extend({ revision: z.int().exactOptional() }),
        headers: [{ name: 'If-Match', description: 'The ETag that the task came with; 412 when it was changed since.' }],
      }),
      async (c) => {
        const { revision, ...changes } = await readJson(c, TaskChangesInput.extend({ revision: z.int().exactOptional() }))
        if (Object.keys(changes).length === 0) throw invalidField('body', 'at least one field to change')
        const task = await c
          .get('stores')
          .tasks.change(c.req.param('task'), changes, { actor: actorOf(c), ...(revision !== undefined && { revision }), ...expectedRevision(c) })
        return answer(c, task)
      },
    )
    .delete('/tasks/:task', operation({ tag: 'Tasks', summary: 'Delete a task; it can be restored for a while' }), async (c) => {
      await c.get('stores').tasks.remove(c.req.param('task'), { actor: actorOf(c), ...expectedRevision(c) })
      return c.json({ ok: true })
    })
    .post('/tasks/:task/restore', operation({ tag: 'Tasks', summary: 'Take the deletion of a task back' }), async (c) =>
      answer(c, await c.get('stores').tasks.restore(c.req.param('task'), actorOf(c))),
    )
}

/** A task with its revision as an ETag, which `If-Match` takes. */
export function answer(c: Context<KanbanEnv>, task: TaskDetail, others: object = {}, status: 200 | 201 = 200): Response {
  c.header('ETag', `"${task.revision}"`)
  return c.json({ task: { ...task, allowedActions: actionsFrom(task.state).filter(isOffered) }, ...others }, status)
}

async function belongings(c: Context<KanbanEnv>, { number }: TaskDetail): Promise<object> {
  const { tasks, comments, claims, attachments, approvals, events } = c.get('stores')
  const links = await tasks.links([number])
  const others = links.map((link) => (link.childNumber === number ? link.parentNumber : link.childNumber))
  const [cards, saidLast, runs, files, asked, happened] = await Promise.all([
    tasks.cards(others),
    comments.latest(number, LATEST),
    claims.ofTask(number),
    attachments.list(number),
    approvals.list({ taskNumber: number }),
    events.latestOf(number, LATEST),
  ])
  const relatives = new Map(cards.map(({ number, title, state, verdict, assignee }) => [number, { number, title, state, verdict, assignee }]))
  const related = (other: number, { condition, state }: (typeof links)[number]) => ({ ...relatives.get(other), condition, link: state })
  return {
    parents: links.filter(({ childNumber }) => childNumber === number).map((link) => related(link.parentNumber, link)),
    children: links.filter(({ parentNumber }) => parentNumber === number).map((link) => related(link.childNumber, link)),
    comments: saidLast,
    runs,
    attachments: files,
    approvals: asked,
    events: happened,
  }
}
