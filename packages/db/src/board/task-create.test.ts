import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'
import { startChild } from '../testing/start-child.ts'
import type { NewTask } from './records.ts'

checkForLeaks()

const by = { actor: 'user:ada' }

test('a task comes back as it was made, by its number, its id, or a beginning of its id', async () => {
  await using t = await openTestBoard()
  const asked: NewTask = {
    title: '  Ship it  ',
    body: 'all of it',
    assignee: 'coder',
    priority: 3,
    tenant: 'acme',
    labels: ['ui', 'bug', 'ui'],
    dueAt: 5_000_000,
    estimateMinutes: 90,
    idempotencyKey: 'k',
    reviewer: 'eve',
    settings: {
      model: 'm',
      skills: [],
      workspace: { kind: 'worktree', path: '/r', branch: 'b' },
      budget: { tokens: 5 },
      gates: [{ kind: 'person' }],
      goal: { maxTurns: 3 },
    },
    origin: { sessionId: 's', chat: { platform: 'telegram', account: 'bot', chatId: '7', threadId: '' } },
  }
  const { task, created } = await t.tasks.create(asked, 'chat:telegram:bot:7')
  expect(created).toBe(true)
  expect(task).toEqual({
    ...asked,
    title: 'Ship it',
    labels: ['bug', 'ui'],
    number: 1,
    id: expect.stringMatching(/^task_[0-9a-f]{32}$/) as string,
    state: 'ready',
    columnKey: null,
    createdBy: 'chat:telegram:bot:7',
    createdAt: 1_000_000,
    updatedAt: 1_000_000,
    revision: 1,
    startedAt: null,
    endedAt: null,
    notBefore: null,
    routineId: null,
    parents: { mode: 'all', open: 0, met: 0, dead: 0 },
    attempts: 0,
    failures: 0,
    lastFailure: null,
    nextAttemptAt: null,
    runId: null,
    block: null,
    waiting: { code: 'queued', detail: 'Waits for a worker.', since: 1_000_000 },
    verdict: null,
    summary: null,
    result: null,
    metadata: null,
    implementer: null,
    spend: { inputTokens: 0, outputTokens: 0, costMicros: 0 },
    runMs: 0,
    deletedAt: null,
  })
  for (const reference of [1, '1', '#1', ' #1 ', task.id, task.id.slice(0, 20)]) expect(await t.tasks.get(reference), String(reference)).toEqual(task)
  for (const reference of [0, 2, -1, 1.5, NaN, '', '#', 'task_', task.id.slice(0, 7), `${task.id}0`, '%', "' or 1=1 --", '99999999999999999999'])
    expect(await t.tasks.get(reference), String(reference)).toBeUndefined()
  expect(await t.events.since({ after: 1, limit: 9 })).toMatchObject([
    { seq: 2, kind: 'task.created', taskNumber: 1, actor: 'chat:telegram:bot:7', payload: { state: 'ready' } },
  ])
})

test('a beginning of an id that several have is refused', async () => {
  await using t = await openTestBoard()
  const { task } = await t.tasks.create({ title: 'a' }, 'cli')
  await t.tasks.create({ title: 'b' }, 'cli')
  await expect(t.tasks.get(task.id.slice(0, 10))).rejects.toMatchObject({ code: 'INVALID', details: { field: 'task' } })
})

test.each<[string, Partial<NewTask>, string, string]>([
  ['for later', { notBefore: 2_000_000 }, 'scheduled', 'not_before'],
  ['for a time that has come', { notBefore: 1_000_000 }, 'ready', 'unassigned'],
  ['to be specified', { isTriage: true, notBefore: 2_000_000 }, 'triage', 'triage'],
  ['blocked', { blocked: { kind: 'needs_input', reason: 'which one?' } }, 'blocked', 'blocked'],
])('a task that is made %s begins there, with the reason why it waits', async (_, fields, state, code) => {
  await using t = await openTestBoard()
  const { task } = await t.tasks.create({ title: 'x', ...fields }, 'cli')
  expect(task).toMatchObject({ state, waiting: { code } })
})

test('a key makes one task for ever, or one at a time', async () => {
  await using t = await openTestBoard()
  const once = await t.tasks.create({ title: 'once', idempotencyKey: 'once' }, 'cli')
  const open = await t.tasks.create({ title: 'alarm', idempotencyKey: 'alarm', idempotencyScope: 'open' }, 'cli')
  const events = await t.events.latest()
  expect(await t.tasks.create({ title: 'alarm again', idempotencyKey: 'alarm', idempotencyScope: 'open' }, 'cli')).toEqual({ task: open.task, created: false })
  expect(await t.events.latest()).toBe(events)
  for (const { task } of [once, open]) await t.tasks.complete(task.number, {}, by)
  expect(await t.tasks.create({ title: 'twice', idempotencyKey: 'once' }, 'cli')).toMatchObject({ created: false, task: { number: 1, state: 'done' } })
  expect(await t.tasks.create({ title: 'alarm', idempotencyKey: 'alarm', idempotencyScope: 'open' }, 'cli')).toMatchObject({
    created: true,
    task: { number: 3 },
  })
})

test("a routine's time makes one task", async () => {
  await using t = await openTestBoard()
  const made = [
    await t.tasks.create({ title: 'daily', routine: { id: 'r', slot: 1 } }, 'cli'),
    await t.tasks.create({ title: 'daily', routine: { id: 'r', slot: 1 } }, 'cli'),
  ]
  expect(made.map(({ created, task }) => [created, task.number])).toEqual([
    [true, 1],
    [false, 1],
  ])
  expect((await t.tasks.create({ title: 'daily', routine: { id: 'r', slot: 2 } }, 'cli')).created).toBe(true)
})

test('four processes with the same keys make each task once', async () => {
  await using t = await openTestBoard()
  const keys = process.env['TALARIA_TEST_FULL'] ? 300 : 60
  const startFile = `${t.file}.start`
  const children = [1, 2, 3, 4].map(() => startChild('task-creator', [t.gatewayFile, startFile, String(keys)]))
  await using stack = new AsyncDisposableStack()
  for (const child of children) stack.use(child)
  await Promise.all(children.map((child) => child.printed('ready')))
  writeFileSync(startFile, '')
  expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0, 0])
  const lines = children.flatMap((child) => child.lines.filter((line) => line !== 'ready').map((line) => line.split(' ')))
  expect(lines).toHaveLength(4 * keys)
  expect(lines.filter(([word]) => word === 'made')).toHaveLength(keys)
  expect(new Set(lines.map(([, key, id]) => `${key} ${id}`)).size).toBe(keys)
  expect((await t.tasks.list({ limit: 500 })).tasks).toHaveLength(keys)
}, 60_000)

test('a task that a run makes has the tenant, the conversation and the subscribers of the task of that run', async () => {
  await using t = await openTestBoard()
  const target = { kind: 'session', sessionId: 'ses_1' } as const
  await t.tasks.create({ title: 'asked', assignee: 'coder', tenant: 'acme', origin: { sessionId: 'ses_1' }, subscribers: [{ target, mode: 'wake' }] }, 'cli')
  const claimed = await t.claims.claim(1, { dispatcher: 'd', host: 'h', now: t.clock.now(), leaseMs: 1, caps: {}, executorOf: () => 'agent', tokenHash: 'x' })
  const { claim } = claimed as Extract<typeof claimed, { claim: unknown }>
  const { task } = await t.tasks.create({ title: 'made', madeByRun: claim.runId }, `worker:${claim.runId}`)
  expect(task).toMatchObject({ tenant: 'acme', origin: { sessionId: 'ses_1' } })
  const created = (await t.events.latestOf(task.number, 1))[0]!
  const [subscription] = await t.subscriptions.list({ taskNumber: task.number })
  expect(subscription).toMatchObject({ target, mode: 'wake', cursor: created.seq - 1 })
  expect((await t.tasks.create({ title: 'child', tenant: 'other', parents: [{ id: '#2' }] }, 'cli')).task).toMatchObject({ tenant: 'other', origin: null })
  expect(await t.subscriptions.list({ taskNumber: 3 })).toMatchObject([{ target }])
  await expect(t.tasks.create({ title: 'x', madeByRun: 'run_none' }, 'cli')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
})

const wrong: readonly (readonly [string, unknown, string])[] = [
  ['title', { title: '' }, 'an empty title'],
  ['title', { title: ' \t\n ' }, 'a blank title'],
  ['title', { title: '\0\0' }, 'a title of control characters'],
  ['title', { title: 'x'.repeat(501) }, 'a title that is too long'],
  ['title', { title: 7 }, 'a number for a title'],
  ['body', { body: 'x'.repeat(1_000_001) }, 'a body that is too long'],
  ['assignee', { assignee: ' ' }, 'a blank assignee'],
  ['assignee', { assignee: 'a\u0007b' }, 'a bell in a name'],
  ['labels', { labels: ['ok', ''] }, 'an empty label'],
  ['labels', { labels: Array.from({ length: 51 }, (_, i) => `l${i}`) }, 'too many labels'],
  ['priority', { priority: 1.5 }, 'half a priority'],
  ['priority', { priority: Infinity }, 'an infinite priority'],
  ['priority', { priority: 1e15 }, 'a huge priority'],
  ['dueAt', { dueAt: -1 }, 'a time before time'],
  ['dueAt', { dueAt: NaN }, 'no time'],
  ['notBefore', { notBefore: 1e300 }, 'the end of time'],
  ['estimateMinutes', { estimateMinutes: 0 }, 'no minutes'],
  ['parentsMode', { parentsMode: 'some' }, 'an unknown mode'],
  ['condition', { parents: [{ id: '1', condition: 'maybe' }] }, 'an unknown condition'],
  ['blocked', { isTriage: true, blocked: { kind: 'needs_input', reason: 'x' } }, 'blocked before it is specified'],
  ['blocked.reason', { blocked: { kind: 'needs_input', reason: '' } }, 'blocked without a reason'],
  ['settings.goal.maxTurns', { settings: { goal: { maxTurns: 0 } } }, 'a goal of no turns'],
  ['settings.workspace.kind', { settings: { workspace: { kind: 'moon' } } }, 'a workspace on the moon'],
  ['settings', { settings: { colour: 'red' } }, 'a setting that there is not'],
]

test('a field that is wrong is named, and nothing is written', async () => {
  await using t = await openTestBoard()
  for (const [field, fields, what] of wrong) {
    const refusal = { code: 'INVALID', details: { field, expected: expect.any(String) as string } }
    await expect(t.tasks.create({ title: 'x', ...(fields as object) }, 'cli'), what).rejects.toMatchObject(refusal)
  }
  expect((await t.tasks.list({ limit: 1, includeDeleted: true })).tasks).toEqual([])
})

test.each([
  ['emoji', '👩‍👩‍👧‍👦 family 🏳️‍🌈'],
  ['right to left', 'מטלה חשובה \u202Eabc'],
  ['SQL', "'); drop table task; --"],
  ['combining characters', 'e\u0301'.repeat(100)],
  ['the longest', '𝒳'.repeat(250)],
])('a title of %s comes back as it was', async (_, title) => {
  await using t = await openTestBoard()
  await t.tasks.create({ title, body: title, labels: [title.slice(0, 100).toWellFormed()], assignee: title.slice(0, 50).toWellFormed() }, 'cli')
  expect(await t.tasks.get(1)).toMatchObject({ title, body: title })
  expect((await t.tasks.list({ text: [...title].slice(0, 8).join(''), limit: 5 })).tasks).toHaveLength(1)
})

test('a body of a million characters comes back whole; what SQLite cannot hold is replaced where people see it', async () => {
  await using t = await openTestBoard()
  const body = 'ä'.repeat(1_000_000)
  await t.tasks.create({ title: 'big', body }, 'cli')
  expect((await t.tasks.get(1))!.body === body).toBe(true)
  await t.tasks.create({ title: 'a\nb\tc', body: 'nul \0 and half \uD800 a pair\n\x1b[31m' }, 'cli')
  expect(await t.tasks.get(2)).toMatchObject({ title: 'a b c', body: 'nul \uFFFD and half \uFFFD a pair\n\x1b[31m' })
})
