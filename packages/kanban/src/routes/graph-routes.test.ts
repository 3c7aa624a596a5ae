import { systemClock } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { planLine, testPlanner } from '../testing/planning.ts'
import { openTestRoutes } from '../testing/test-routes.ts'

const RECIPE = { version: 1, name: 'r', inputs: { x: { type: 'string' } }, nodes: [{ key: 'a', title: 'A {{input.x}}' }] }
const PARTS = planLine({ fanout: true, tasks: ['a', 'b'].map((title) => ({ title, body: '', assignee: null, parents: [] })) })

test('the model divides a task, or says what it means, when somebody asks for it; else the words are the caller\u2019s', async () => {
  await using t = await openTestRoutes({ planner: testPlanner(systemClock).planner })
  for (const body of [PARTS, '!json {"title":"New","body":"b"}', 'plain']) await t.ok('POST', '/b/tasks', { title: 'T', body, isTriage: true })
  expect(await t.ok('POST', '/b/tasks/1/decompose', {})).toMatchObject({
    task: { state: 'todo' },
    parts: [{ title: 'a' }, { title: 'b' }],
    rationale: 'because',
  })
  expect(await t.ok('POST', '/b/tasks/2/specify?by=model', {})).toMatchObject({ task: { state: 'ready', title: 'New' } })
  expect(await t.ok('POST', '/b/tasks/3/specify', { title: 'Mine' })).toMatchObject({ task: { state: 'ready', title: 'Mine' } })
  expect(await t.refusal('POST', '/b/tasks/1/decompose', {})).toEqual([409, 'ILLEGAL_TRANSITION'])
})

test('a failure of the model is answered as what it is, and who read an older task is told before it is asked', async () => {
  await using t = await openTestRoutes({ planner: testPlanner(systemClock).planner })
  await t.ok('POST', '/b/tasks', { title: 'T', body: '!fail 400 no', isTriage: true })
  expect(await t.refusal('POST', '/b/tasks/1/decompose', {})).toEqual([502, 'MODEL_FAILED'])
  expect(await t.refusal('POST', '/b/tasks/1/decompose', { revision: 77 })).toEqual([412, 'STALE_REVISION'])
})

test('where no model is set up none is asked', async () => {
  await using t = await openTestRoutes()
  expect(await t.refusal('POST', '/b/tasks/1/decompose', {})).toEqual([503, 'MODEL_MISSING'])
})

test('a recipe is looked over without writing, run once for each key, and found again', async () => {
  await using t = await openTestRoutes()
  expect(await t.ok('POST', '/b/recipes/validate', { definition: RECIPE, inputs: { x: 1 } })).toEqual({
    ok: false,
    problems: [{ path: 'inputs.x', message: 'a string was expected' }],
  })
  const run = { definition: JSON.stringify(RECIPE), inputs: { x: 'y' }, key: 'k' }
  const { status, body } = await t.call('POST', '/b/recipes', run)
  expect([status, body.instance.tasks, (await t.call('POST', '/b/recipes', run)).status]).toEqual([201, { a: 1 }, 200])
  expect(await t.refusal('POST', '/b/recipes', { ...run, inputs: { x: 'z' } })).toEqual([409, 'IDEMPOTENCY_CONFLICT'])
  expect(await t.refusal('POST', '/b/recipes', { definition: RECIPE, key: 'l' })).toEqual([400, 'INVALID', 'inputs.x'])
  expect((await t.ok('GET', '/b/recipes')).instances).toEqual([body.instance])
  expect((await t.ok('GET', '/b/recipes/k')).instance).toEqual(body.instance)
})

test('a swarm is made once under its Idempotency-Key', async () => {
  await using t = await openTestRoutes()
  const swarm = { goal: 'G', workers: [{ assignee: 'ada', title: 'W' }], verifier: 'eve', synthesizer: 'ada' }
  const send = () => t.call('POST', '/b/swarms', swarm, { headers: { 'idempotency-key': 'k' } })
  expect([(await send()).status, (await send()).status]).toEqual([201, 200])
})

test('a routine is previewed in words, made, changed, paused, resumed, run and removed', async () => {
  const clock = new FakeClock(Date.parse('2026-06-01T00:00:00Z'))
  await using t = await openTestRoutes({ clock })
  const times = { schedules: ['0 9 * * 1-5'], timezone: 'UTC' }
  const next = Date.parse('2026-06-01T09:00:00Z')
  expect(await t.ok('POST', '/b/routines/preview', { ...times, count: 2 })).toMatchObject({
    schedules: [{ description: 'At 09:00, Monday through Friday' }],
    next: [next, next + 86_400_000],
  })
  const { routine } = await t.ok('POST', '/b/routines', { name: 'r', template: { title: 'T' }, ...times })
  expect(routine).toMatchObject({ nextSlot: next, catchUp: 'one', overlap: 'skip', revision: 1 })
  expect(await t.ok('PATCH', '/b/routines/r', { schedules: ['every 1h'], revision: 1 })).toMatchObject({ routine: { nextSlot: clock.now() + 3_600_000 } })
  expect(await t.refusal('PATCH', '/b/routines/r', { name: 's', revision: 1 })).toEqual([412, 'STALE_REVISION'])
  expect(await t.ok('POST', '/b/routines/r/pause')).toMatchObject({ routine: { state: 'paused', nextSlot: null } })
  expect(await t.ok('POST', '/b/routines/r/resume')).toMatchObject({ routine: { state: 'scheduled' } })
  expect(await t.ok('POST', '/b/routines/r/run')).toMatchObject({ created: true, task: { number: 1 } })
  expect(await t.refusal('POST', '/b/routines', { name: 'r', template: { title: 'T' }, schedules: ['61 * * * *'] })).toEqual([400, 'INVALID', 'schedules.0'])
  await t.ok('DELETE', '/b/routines/r')
  expect((await t.ok('GET', '/b/routines')).routines).toEqual([])
})
