import type { Clock } from '@talaria/core'
import type { RoutineDefinition } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import { describeRoutine, previewOf } from '../graphs/describe-routine.ts'
import { HOST_TIMEZONE, readSchedules } from '../graphs/read-schedules.ts'
import { actorOf } from './caller.ts'
import { expectedRevision } from './entity-tag.ts'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson } from './read-json.ts'
import { NewTaskInput } from './task-input.ts'

const schedules = z.array(z.string().max(500)).min(1).max(20).describe('As people write them: `0 9 * * 1-5`, `every 2h`, `@daily`, `2030-01-31T09:00`')
const timezone = z.string().max(100)

const NewRoutine = z.strictObject({
  name: z.string(),
  template: NewTaskInput.omit({ idempotencyKey: true, idempotencyScope: true, notBefore: true, dueAt: true }),
  schedules,
  timezone: timezone.default(HOST_TIMEZONE),
  catchUp: z.enum(['skip', 'one', 'all']).default('one').describe('Of times that passed while no dispatcher ran: none, one for all, or each'),
  overlap: z.enum(['skip', 'queue']).default('skip').describe('While the task before is not done: none, or one that waits for it'),
})

const RoutineChanges = z.strictObject({
  name: z.string().exactOptional(),
  template: NewRoutine.shape.template.exactOptional(),
  schedules: schedules.exactOptional(),
  timezone: timezone.exactOptional(),
  catchUp: z.enum(['skip', 'one', 'all']).exactOptional(),
  overlap: z.enum(['skip', 'queue']).exactOptional(),
  revision: z.int().exactOptional(),
})

const Preview = z.strictObject({ schedules, timezone: timezone.default(HOST_TIMEZONE), count: z.int().min(1).max(100).default(5) })

/** `/{board}/routines`: tasks that are made again and again. */
export function routinesRoutes({ clock }: KanbanApi) {
  return new Hono<KanbanEnv>()
    .get('/routines', operation({ tag: 'Tasks', summary: 'List routines' }), async (c) =>
      c.json({ routines: (await c.get('stores').routines.list()).map(describeRoutine) }),
    )
    .post('/routines', operation({ tag: 'Tasks', summary: 'Make a routine', body: NewRoutine, status: 201 }), async (c) => {
      const input = await readJson(c, NewRoutine)
      const routine = await c.get('stores').routines.create({ ...input, schedules: readSchedules(input.schedules, contextOf(input, clock)) }, actorOf(c))
      return c.json({ routine: describeRoutine(routine) }, 201)
    })
    .post('/routines/preview', operation({ tag: 'Tasks', summary: 'Say in words and in times when schedules come', body: Preview }), async (c) => {
      const { count, ...input } = await readJson(c, Preview)
      const now = clock.now()
      return c.json(previewOf({ ...input, schedules: readSchedules(input.schedules, { now, timezone: input.timezone }) }, now, count))
    })
    .get('/routines/:routine', operation({ tag: 'Tasks', summary: 'Get a routine, by its id or its name' }), async (c) =>
      c.json({ routine: describeRoutine(await c.get('stores').routines.get(c.req.param('routine'))) }),
    )
    .patch('/routines/:routine', operation({ tag: 'Tasks', summary: 'Change a routine', body: RoutineChanges }), async (c) => {
      const { revision, schedules: texts, ...input } = await readJson(c, RoutineChanges)
      const { routines } = c.get('stores')
      const reference = c.req.param('routine')
      const changes: Partial<RoutineDefinition> = {
        ...input,
        ...(texts && { schedules: readSchedules(texts, contextOf({ timezone: input.timezone ?? (await routines.get(reference)).timezone }, clock)) }),
      }
      const routine = await routines.change(reference, changes, { actor: actorOf(c), ...(revision !== undefined && { revision }), ...expectedRevision(c) })
      return c.json({ routine: describeRoutine(routine) })
    })
    .delete('/routines/:routine', operation({ tag: 'Tasks', summary: 'Remove a routine; its tasks stay' }), async (c) => {
      await c.get('stores').routines.remove(c.req.param('routine'), actorOf(c))
      return c.json({ ok: true })
    })
    .post('/routines/:routine/run', operation({ tag: 'Tasks', summary: 'Make a task of a routine now', status: 201 }), async (c) =>
      c.json(await c.get('stores').routines.runNow(c.req.param('routine'), actorOf(c)), 201),
    )
    .post('/routines/:routine/pause', operation({ tag: 'Tasks', summary: 'Have a routine make nothing until it is resumed' }), async (c) =>
      c.json({ routine: describeRoutine(await c.get('stores').routines.pause(c.req.param('routine'), { actor: actorOf(c) })) }),
    )
    .post('/routines/:routine/resume', operation({ tag: 'Tasks', summary: 'Have a routine go on with its next time' }), async (c) =>
      c.json({ routine: describeRoutine(await c.get('stores').routines.resume(c.req.param('routine'), { actor: actorOf(c) })) }),
    )
}

function contextOf({ timezone }: { readonly timezone: string }, clock: Clock) {
  return { timezone, now: clock.now() }
}
