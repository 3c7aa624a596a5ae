import { checkForLeaks } from '@talaria/db/testing'
import { actionsFrom, TRANSITIONS, type TaskState } from '@talaria/db'
import { expect, test } from 'vitest'
import { openTestRoutes, type TestRoutes } from '../testing/test-routes.ts'
import { TASK_ACTIONS } from './task-operations.ts'

checkForLeaks()

/** What each action needs to be told. */
const BODIES: Readonly<Record<string, object>> = {
  schedule: { notBefore: 4_000_000_000_000 },
  block: { reason: 'no key' },
  request_changes: { reason: 'not yet' },
  assign: { assignee: 'bob' },
}

/** How a task gets into each state by what people do. */
const WAYS: Readonly<Partial<Record<TaskState, readonly string[]>>> = {
  triage: [],
  ready: ['specify'],
  scheduled: ['specify', 'schedule'],
  blocked: ['specify', 'block'],
  review: ['specify', 'request_review'],
  done: ['specify', 'complete'],
  archived: ['archive'],
}

async function taskIn(t: TestRoutes, state: TaskState): Promise<string> {
  const { task } = await t.ok('POST', '/b/tasks', { title: state, isTriage: true, assignee: 'ada' })
  const path = `/b/tasks/${task.number}`
  for (const action of WAYS[state]!) await t.ok('POST', `${path}/${action}`, BODIES[action] ?? {})
  return path
}

test('every action is taken from each state that the table of transitions names, and refused from each other with what is allowed', async () => {
  await using t = await openTestRoutes()
  for (const action of Object.keys(TASK_ACTIONS).filter((one) => one !== 'assign') as (keyof typeof TRANSITIONS)[]) {
    for (const state of Object.keys(WAYS) as TaskState[]) {
      const path = await taskIn(t, state)
      const { status, body } = await t.call('POST', `${path}/${action}`, BODIES[action] ?? {})
      const said = TRANSITIONS[action].from.includes(state)
        ? [200, TRANSITIONS[action].to.includes(body.task?.state)]
        : [409, body.error?.code === 'ILLEGAL_TRANSITION' && body.error.details.allowed.join() === actionsFrom(state).join()]
      expect([action, state, status, JSON.stringify(body).slice(0, 200)]).toEqual([action, state, said[0], expect.anything()])
      expect([action, state, said[1]]).toEqual([action, state, true])
    }
  }
})

test('a task is given to somebody and to nobody', async () => {
  await using t = await openTestRoutes()
  const path = await taskIn(t, 'ready')
  expect((await t.ok('POST', `${path}/assign`, { assignee: 'bob' })).task.assignee).toBe('bob')
  expect((await t.ok('POST', `${path}/assign`, { assignee: null })).task.assignee).toBe(null)
})

test('an action that does not exist is nowhere, and one that lacks a word is refused by name', async () => {
  await using t = await openTestRoutes()
  const path = await taskIn(t, 'ready')
  for (const action of ['explode', 'claim', 'fail', 'give_up', 'wake', 'constructor'])
    expect(await t.refusal('POST', `${path}/${action}`, {})).toEqual([404, 'NOT_FOUND'])
  expect(await t.refusal('POST', `${path}/block`, {})).toEqual([400, 'INVALID', 'reason'])
  expect(await t.refusal('POST', `${path}/block`, { reason: 'x', kind: 'gave_up' })).toEqual([400, 'INVALID', 'kind'])
  expect(await t.refusal('POST', `${path}/complete`, { verdict: 'maybe' })).toEqual([400, 'INVALID', 'verdict'])
  expect(await t.refusal('POST', '/b/tasks/99/archive', {})).toEqual([404, 'TASK_NOT_FOUND'])
})

test('parents that are open are named by who cannot begin', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'parent' })
  await t.ok('POST', '/b/tasks', { title: 'child', parents: [{ id: 1, condition: 'always' }] })
  const { status, body } = await t.call('POST', '/b/tasks/2/promote', {})
  expect([status, body.error.code, JSON.stringify(body.error.details)]).toEqual([409, 'PARENTS_OPEN', expect.stringContaining('1')])
})

test('one thing is done to many tasks, and what one refuses does not hold up the others', async () => {
  await using t = await openTestRoutes()
  for (const state of ['ready', 'archived', 'ready'] as const) await taskIn(t, state)
  const { results } = await t.ok('POST', '/b/tasks/bulk', { tasks: [1, '#2', 3, 99], operation: 'archive' })
  expect(results).toMatchObject([
    { task: 1, ok: true, state: 'archived' },
    { task: '#2', ok: false, error: { code: 'ILLEGAL_TRANSITION' } },
    { task: 3, ok: true },
    { task: 99, ok: false, error: { code: 'TASK_NOT_FOUND' } },
  ])
  const change = await t.ok('POST', '/b/tasks/bulk', { tasks: [1, 3], operation: 'change', arguments: { priority: 7, labels: ['late'] } })
  expect(change.results).toMatchObject([{ ok: true }, { ok: true }])
  await t.ok('POST', '/b/tasks/bulk', { tasks: [1, 2, 3], operation: 'delete' })
  expect((await t.ok('GET', '/b/tasks?archived=true')).tasks).toEqual([])
  await t.ok('POST', '/b/tasks/bulk', { tasks: [1, 3], operation: 'restore' })
  expect((await t.ok('GET', '/b/tasks?label=late&archived=true')).tasks).toHaveLength(2)
  expect(await t.refusal('POST', '/b/tasks/bulk', { tasks: [1], operation: 'block', arguments: {} })).toEqual([400, 'INVALID', 'arguments.reason'])
  expect(await t.refusal('POST', '/b/tasks/bulk', { tasks: [1], operation: 'explode' })).toEqual([400, 'INVALID', 'operation'])
  expect(await t.refusal('POST', '/b/tasks/bulk', { tasks: [], operation: 'archive' })).toEqual([400, 'INVALID', 'tasks'])
  expect(await t.refusal('POST', '/b/tasks/bulk', { tasks: Array.from({ length: 501 }, () => 1), operation: 'archive' })).toEqual([400, 'INVALID', 'tasks'])
})
