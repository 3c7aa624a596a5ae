import { parseSchedule } from '@talaria/core/schedule'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard, type TestBoard } from '../testing/open-test-board.ts'
import { rejectionOf } from '../testing/rejection-of.ts'
import type { RoutineDefinition } from './routine-records.ts'

checkForLeaks()

const MINUTE = 60_000

const make = (t: TestBoard, definition: Partial<RoutineDefinition> = {}) =>
  t.routines.create(
    {
      name: 'daily report',
      template: { title: 'Report', assignee: 'writer', labels: ['report'] },
      schedules: [parseSchedule('every 10m', { now: t.clock.now(), timezone: 'UTC' })],
      timezone: 'UTC',
      catchUp: 'one',
      overlap: 'skip',
      ...definition,
    },
    'cli',
  )

const fire = async (t: TestBoard, slots: readonly number[], nextSlot: number | null = null) => {
  const [routine] = await t.routines.list()
  return t.routines.fire(routine!, { slots, missed: 0, nextSlot }, 'dispatcher:d1')
}

const kinds = async (t: TestBoard) =>
  (await t.events.since({ after: 0, limit: 100 })).map(({ kind, payload }) => [kind, payload['change'] ?? payload['skipped']] as const)

test('a routine is due when its time has come, and the time that comes next is known', async () => {
  await using t = await openTestBoard()
  const routine = await make(t)
  const first = t.clock.now() + 10 * MINUTE
  expect(routine).toMatchObject({ state: 'scheduled', nextSlot: first, fired: 0, lastTask: null, revision: 1 })
  expect([await t.routines.due(first - 1), (await t.claims.due(first - 1)).hasRoutines, await t.claims.nextAt(t.clock.now())]).toEqual([[], false, first])
  expect([await t.routines.due(first), (await t.claims.due(first)).hasRoutines]).toEqual([[routine], true])
})

test('of any number that fire the same time at once, one makes its task', async () => {
  await using t = await openTestBoard()
  const routine = await make(t)
  const firing = { slots: [routine.nextSlot!], missed: 2, nextSlot: routine.nextSlot! + 10 * MINUTE }
  const made = await Promise.all([1, 2, 3].map((n) => t.routines.fire(routine, firing, `dispatcher:d${n}`)))
  expect(made.filter((tasks) => tasks !== undefined)).toHaveLength(1)
  expect((await t.tasks.list({ limit: 50 })).tasks).toMatchObject([
    { title: 'Report', state: 'ready', assignee: 'writer', labels: ['report'], routineId: routine.id },
  ])
  expect(await t.routines.get('daily report')).toMatchObject({ fired: 1, lastTask: 1, nextSlot: firing.nextSlot, revision: 1 })
  expect((await t.events.since({ after: 0, limit: 100 })).at(-1)).toMatchObject({
    kind: 'routine.fired',
    taskNumber: 1,
    payload: { slot: firing.slots[0], missed: 2 },
  })
})

test('a time that has its task makes no other, though the clock was put back over it', async () => {
  await using t = await openTestBoard()
  await make(t, { overlap: 'queue' })
  await fire(t, [5], 6)
  expect(await fire(t, [5], 6)).toMatchObject([{ created: false, task: { number: 1 } }])
  expect(await t.routines.get('daily report')).toMatchObject({ fired: 1 })
})

test('a time at which the task before is not done makes none, and says so', async () => {
  await using t = await openTestBoard()
  await make(t)
  expect(await fire(t, [5, 6], 7)).toHaveLength(1)
  expect((await kinds(t)).at(-1)).toEqual(['routine.fired', 'overlap'])
  await t.tasks.complete(1, {}, { actor: 'cli' })
  expect(await fire(t, [7])).toMatchObject([{ created: true }])
})

test('tasks of a routine that queues wait for each other, however they end', async () => {
  await using t = await openTestBoard()
  await make(t, { overlap: 'queue' })
  await fire(t, [5, 6, 7])
  expect((await t.tasks.list({ limit: 50 })).tasks.map(({ number, state }) => [number, state]).toSorted(([a], [b]) => Number(a) - Number(b))).toEqual([
    [1, 'ready'],
    [2, 'todo'],
    [3, 'todo'],
  ])
  await t.tasks.complete(1, { verdict: 'failure' }, { actor: 'cli' })
  expect([(await t.tasks.get(2))?.state, (await t.tasks.get(3))?.state]).toEqual(['ready', 'todo'])
})

test('a paused routine is never due; resumed, it goes on with its next time', async () => {
  await using t = await openTestBoard()
  const routine = await make(t)
  await t.routines.pause(routine.id, { actor: 'cli' })
  await t.clock.advance(25 * MINUTE)
  expect([await t.routines.due(t.clock.now()), await t.claims.nextAt(0)]).toEqual([[], undefined])
  // Read before it was paused, by a dispatcher that was slow.
  expect(await t.routines.fire(routine, { slots: [routine.nextSlot!], missed: 0, nextSlot: null }, 'dispatcher:d1')).toBeUndefined()
  expect(await t.routines.resume(routine.id, { actor: 'cli' })).toMatchObject({ state: 'scheduled', nextSlot: routine.nextSlot! + 20 * MINUTE, revision: 3 })
  expect((await kinds(t)).filter(([kind]) => kind === 'routine.changed').map(([, change]) => change)).toEqual(['created', 'paused', 'resumed'])
})

test('what is planned anew is what was changed about its times, by whoever read it last', async () => {
  await using t = await openTestBoard()
  const { id, nextSlot } = await make(t)
  await t.clock.advance(MINUTE)
  expect(await t.routines.change(id, { name: 'weekly report' }, { actor: 'cli', revision: 1 })).toMatchObject({ name: 'weekly report', nextSlot, revision: 2 })
  const schedules = [parseSchedule('every 1h', { now: t.clock.now(), timezone: 'UTC' })]
  expect(await t.routines.change(id, { schedules }, { actor: 'cli' })).toMatchObject({ nextSlot: t.clock.now() + 60 * MINUTE })
  expect((await rejectionOf(t.routines.change(id, { name: 'x' }, { actor: 'cli', revision: 1 }))).code).toBe('STALE_REVISION')
})

test('a routine that was changed since a dispatcher read it makes nothing of what it was', async () => {
  await using t = await openTestBoard()
  const routine = await make(t)
  await t.routines.change(routine.id, { template: { title: 'Another report' } }, { actor: 'cli' })
  expect(await t.routines.fire(routine, { slots: [routine.nextSlot!], missed: 0, nextSlot: null }, 'dispatcher:d1')).toBeUndefined()
  expect([(await t.tasks.list({ limit: 50 })).tasks, (await t.routines.get(routine.id)).nextSlot]).toEqual([[], routine.nextSlot])
})

test('run now makes a task beside the plan, even while the one before is not done', async () => {
  await using t = await openTestBoard()
  const routine = await make(t)
  await t.routines.runNow(routine.id, 'cli')
  await t.clock.advance(1)
  expect(await t.routines.runNow(routine.id, 'cli')).toMatchObject({ created: true, task: { number: 2, state: 'ready' } })
  expect(await t.routines.get(routine.id)).toMatchObject({ fired: 2, lastTask: 2, nextSlot: routine.nextSlot })
})

test('a routine that was removed is gone, and its tasks stay', async () => {
  await using t = await openTestBoard()
  const { id } = await make(t)
  await t.routines.runNow(id, 'cli')
  await t.routines.remove(id, 'cli')
  expect([await t.routines.list(), (await t.tasks.list({ limit: 50 })).tasks.length, (await rejectionOf(t.routines.get(id))).code]).toEqual([
    [],
    1,
    'NOT_FOUND',
  ])
})

test.for([
  ['name', { name: '' }],
  ['timezone', { timezone: 'Mars/Olympus' }],
  ['schedules', { schedules: [] }],
  ['catchUp', { catchUp: 'maybe' as 'one' }],
  ['overlap', { overlap: 'maybe' as 'skip' }],
  ['title', { template: { title: ' ' } }],
] as const)('a routine whose %s is wrong is refused', async ([field, definition]) => {
  await using t = await openTestBoard()
  expect(await rejectionOf(make(t, definition))).toMatchObject({ code: 'INVALID', details: { field } })
})
