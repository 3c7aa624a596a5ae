import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard, type TestBoard } from '../testing/open-test-board.ts'
import { countOf, rowsOf } from '../testing/rows-of.ts'
import type { TaskDetail, TaskState } from './records.ts'
import { isAllowed, type TaskAction } from './transitions.ts'

checkForLeaks()

const by = { actor: 'user:ada' }

async function openTask(fields: object = {}) {
  const t = await openTestBoard()
  await t.tasks.create({ title: 'task', assignee: 'coder', ...fields }, 'cli')
  return t
}

async function claim(t: TestBoard, number: number) {
  const now = t.clock.now()
  const claimed = await t.claims.claim(number, { dispatcher: 'd', host: 'h', now, leaseMs: 60_000, caps: {}, executorOf: () => 'agent', tokenHash: 'token' })
  if ('refused' in claimed) throw new Error(claimed.refused)
  return claimed.claim
}

const newTask = async (t: TestBoard, fields: object) => (await t.tasks.create({ title: 'task', assignee: 'coder', ...fields }, 'cli')).task.number

async function afterwards(t: TestBoard, act: (number: number) => Promise<unknown>) {
  const number = await newTask(t, {})
  await act(number)
  return number
}

/** How a task comes to a state, by what anybody may do; its number. */
const WAYS: Readonly<Record<TaskState, (t: TestBoard) => Promise<number>>> = {
  triage: (t) => newTask(t, { isTriage: true }),
  todo: async (t) => newTask(t, { parents: [{ id: String(await newTask(t, {})) }] }),
  scheduled: (t) => newTask(t, { notBefore: 9_000_000 }),
  ready: (t) => newTask(t, {}),
  running: (t) => afterwards(t, (number) => claim(t, number)),
  review: (t) => afterwards(t, (number) => t.tasks.requestReview(number, { reviewer: 'eve' }, by)),
  blocked: (t) => newTask(t, { blocked: { kind: 'needs_input', reason: 'why?' } }),
  done: (t) => afterwards(t, (number) => t.tasks.complete(number, {}, by)),
  archived: (t) => afterwards(t, (number) => t.tasks.archive(number, by)),
}

const ACTS: Partial<Record<TaskAction, (t: TestBoard, number: number) => Promise<TaskDetail>>> = {
  specify: (t, number) => t.tasks.specify(number, by),
  promote: (t, number) => t.tasks.promote(number, by),
  schedule: (t, number) => t.tasks.schedule(number, 5_000_000, by),
  complete: (t, number) => t.tasks.complete(number, {}, by),
  block: (t, number) => t.tasks.block(number, { kind: 'capability', reason: 'no hands' }, by),
  unblock: (t, number) => t.tasks.unblock(number, by),
  request_review: (t, number) => t.tasks.requestReview(number, {}, by),
  request_changes: (t, number) => t.tasks.requestChanges(number, 'again', by),
  reopen: (t, number) => t.tasks.reopen(number, by),
  release: (t, number) => t.tasks.release(number, by),
  archive: (t, number) => t.tasks.archive(number, by),
  unarchive: (t, number) => t.tasks.unarchive(number, by),
}

/** Where the table allows what this task does not: its parent is open, or it was not claimed from a review. */
const REFUSED: Readonly<Record<string, string>> = {
  'todo: promote': 'PARENTS_OPEN',
  'todo: complete': 'PARENTS_OPEN',
  'running: request_changes': 'ILLEGAL_TRANSITION',
}

test.each(Object.keys(WAYS) as TaskState[])('what may be done to a task that is %s is what the table allows', async (state) => {
  await using t = await openTestBoard()
  for (const [action, act] of Object.entries(ACTS)) {
    const number = await WAYS[state](t)
    const before = (await t.tasks.get(number))!
    expect(before.state).toBe(state)
    const events = await t.events.latest()
    const outcome = await act(t, number).then(
      () => 'done',
      (error: { code?: string }) => error.code,
    )
    const name = `${state}: ${action}`
    expect(outcome, name).toBe(isAllowed(action as TaskAction, state) ? (REFUSED[name] ?? 'done') : 'ILLEGAL_TRANSITION')
    if (outcome !== 'done') expect([await t.tasks.get(number), await t.events.latest()], name).toEqual([before, events])
  }
})

test('changes say what was, and who changed it; what is the same changes nothing', async () => {
  await using t = await openTask({ labels: ['a'], settings: { model: 'm', maxAttempts: 2 }, priority: 1 })
  const changed = await t.tasks.change(
    1,
    { title: 'new', labels: ['b', 'a'], priority: 4, dueAt: 7, settings: { model: null, goal: { maxTurns: 2 } } },
    { ...by, revision: 1 },
  )
  expect(changed).toMatchObject({ title: 'new', labels: ['a', 'b'], priority: 4, dueAt: 7, revision: 2, settings: { maxAttempts: 2, goal: { maxTurns: 2 } } })
  expect(changed.settings).not.toHaveProperty('model')
  expect((await t.events.latestOf(1, 1))[0]).toMatchObject({
    actor: 'user:ada',
    kind: 'task.changed',
    payload: { changes: { title: { from: 'task', to: 'new' }, labels: { from: ['a'], to: ['a', 'b'] } } },
  })
  expect(rowsOf(t.file, 'select rank, ready_at from task')).toEqual([{ rank: 4 * 3_600_000 - 1_000_000, ready_at: 1_000_000 }])
  const events = await t.events.latest()
  expect(await t.tasks.change(1, { title: ' new ', labels: ['a', 'b', 'b'] }, by)).toEqual(changed)
  expect(await t.events.latest()).toBe(events)
  expect(await t.tasks.change(1, { dueAt: null, body: 'secret' }, by)).toMatchObject({ dueAt: null, body: 'secret' })
  expect(JSON.stringify(await t.events.latestOf(1, 1))).not.toContain('secret')
})

test('a change to what somebody else has changed meanwhile is refused, whatever the change', async () => {
  await using t = await openTask()
  await t.tasks.change(1, { title: 'theirs' }, by)
  const stale = { ...by, revision: 1 }
  for (const change of [t.tasks.change(1, { title: 'mine' }, stale), t.tasks.complete(1, {}, stale), t.tasks.assign(1, null, stale), t.tasks.remove(1, stale)])
    await expect(change).rejects.toMatchObject({ code: 'STALE_REVISION', details: { expected: 1, actual: 2 } })
  expect(await t.tasks.get(1)).toMatchObject({ title: 'theirs', state: 'ready' })
})

test('a task is given to somebody else with a clean sheet, but not while it runs', async () => {
  await using t = await openTask()
  expect(await t.tasks.assign(1, null, by)).toMatchObject({ assignee: null, waiting: { code: 'unassigned' } })
  expect(await t.tasks.assign(1, 'eve', by)).toMatchObject({ assignee: 'eve', waiting: { code: 'queued' } })
  await claim(t, 1)
  await expect(t.tasks.assign(1, 'coder', by)).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' })
  expect(await t.tasks.release(1, by)).toMatchObject({ state: 'ready', runId: null, failures: 0 })
  expect(await t.tasks.assign(1, 'coder', by)).toMatchObject({ assignee: 'coder' })
})

test('a review goes to the reviewer and comes back to who did the work', async () => {
  await using t = await openTask()
  expect(await t.tasks.requestReview(1, { reviewer: 'eve', summary: 'look' }, by)).toMatchObject({
    state: 'review',
    assignee: 'eve',
    implementer: 'coder',
    summary: 'look',
  })
  await claim(t, 1)
  expect(await t.tasks.requestChanges(1, 'more tests', by)).toMatchObject({ state: 'ready', assignee: 'coder' })
  expect((await t.events.latestOf(1, 1))[0]).toMatchObject({ kind: 'task.changes_requested', payload: { from: 'running', to: 'ready', reason: 'more tests' } })
  expect(await t.tasks.requestReview(1, {}, by)).toMatchObject({ state: 'review', assignee: 'eve' })
  await t.tasks.block(1, { kind: 'needs_input', reason: 'which branch?' }, by)
  expect(await t.tasks.unblock(1, by)).toMatchObject({ state: 'review', assignee: 'eve' })
})

test('what is blocked for one reason again and again is to be thought over', async () => {
  await using t = await openTask()
  const states: string[] = []
  for (const kind of ['needs_input', 'capability', 'capability', 'capability'] as const) {
    states.push((await t.tasks.block(1, { kind, reason: 'no' }, by)).state)
    if (states.at(-1) === 'blocked') await t.tasks.unblock(1, by)
  }
  expect(states).toEqual(['blocked', 'blocked', 'blocked', 'triage'])
  await t.tasks.specify(1, by, { title: 'clearer' })
  expect(await t.tasks.get(1)).toMatchObject({ state: 'ready', title: 'clearer' })
})

test('an archived task goes back to where it was', async () => {
  await using t = await openTask({ blocked: { kind: 'capability', reason: 'no hands' } })
  await t.tasks.archive(1, by)
  expect(await t.tasks.unarchive(1, by)).toMatchObject({ state: 'blocked', block: { kind: 'capability', reason: 'no hands' } })
  await t.tasks.complete(1, { verdict: 'failure', summary: 's', result: 'r', metadata: { a: 1 } }, by)
  await t.tasks.archive(1, by)
  expect(await t.tasks.unarchive(1, by)).toMatchObject({ state: 'done', verdict: 'failure', summary: 's', result: 'r', metadata: { a: 1 }, block: null })
})

test('a deleted task is nowhere until it is restored, and its worker cannot write any more', async () => {
  await using t = await openTask()
  await t.tasks.create({ title: 'child', assignee: 'coder', parents: [{ id: '1' }] }, 'cli')
  const claimed = await claim(t, 1)
  await t.tasks.remove(1, by)
  expect((await t.tasks.list({ limit: 9 })).tasks.map(({ title, state }) => [title, state])).toEqual([['child', 'ready']])
  expect((await t.tasks.get(1))!.deletedAt).toBe(t.clock.now())
  await expect(t.claims.complete(claimed, { summary: 'late' })).rejects.toMatchObject({ code: 'CLAIM_LOST' })
  for (const act of [t.tasks.change(1, { title: 'x' }, by), t.tasks.complete(1, {}, by), t.tasks.remove(1, by), t.tasks.link(1, 2, 'always', 'cli')])
    await expect(act).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  expect(await t.tasks.restore(1, 'user:ada')).toMatchObject({ state: 'ready', deletedAt: null })
  expect((await t.tasks.get(2))!.state).toBe('todo')
  await expect(t.tasks.restore(1, 'user:ada')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
})

test('what was deleted long enough ago is removed with all that belongs to it, and its number is never used again', async () => {
  await using t = await openTask({ labels: ['a'], subscribers: [{ target: { kind: 'session', sessionId: 's' } }] })
  await t.tasks.create({ title: 'child', parents: [{ id: '1' }] }, 'cli')
  await claim(t, 1)
  await t.tasks.remove(1, by)
  expect(await t.tasks.purge(t.clock.now(), 10)).toBe(0)
  await t.clock.advance(1)
  expect(await t.tasks.purge(t.clock.now(), 10)).toBe(1)
  expect(await t.tasks.get(1)).toBeUndefined()
  expect(await t.tasks.get(2)).toMatchObject({ state: 'ready', parents: { open: 0, met: 0, dead: 0 } })
  for (const table of ['run', 'task_label', 'link']) expect(countOf(t.file, table), table).toBe(0)
  expect(rowsOf(t.file, 'select task_number from subscription')).toEqual([{ task_number: 2 }])
  expect((await t.tasks.create({ title: 'next' }, 'cli')).task.number).toBe(3)
})

test('a body is changed, and a task moved, without its text being copied into the log', async () => {
  await using t = await openTask({ body: 'x'.repeat(900_000) })
  await t.tasks.change(1, { body: 'y'.repeat(900_000) }, by)
  await t.tasks.complete(1, { summary: 's'.repeat(10_000) }, by)
  expect(JSON.stringify(await t.events.latestOf(1, 9)).length).toBeLessThan(3_000)
})
