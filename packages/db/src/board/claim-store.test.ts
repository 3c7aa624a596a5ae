import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard, type TestBoard } from '../testing/open-test-board.ts'
import { plansOf } from '../testing/plans-of.ts'
import { rejectionOf } from '../testing/rejection-of.ts'
import { rowsOf } from '../testing/rows-of.ts'
import type { ClaimCaps } from './claim-caps.ts'
import type { Claim, Claimed, NewTask } from './records.ts'

checkForLeaks()

const LEASE_MS = 60_000
const CRASH = { class: 'crash', code: 'exit', message: 'exited with 1' } as const
const ONE = { inputTokens: 10, outputTokens: 5, costMicros: 7 }

function optionsFor(t: TestBoard, caps: ClaimCaps = {}) {
  return {
    dispatcher: 'd1',
    host: 'here',
    now: t.clock.now(),
    leaseMs: LEASE_MS,
    caps,
    executorOf: (assignee: string) => (assignee === 'stranger' ? undefined : 'twin'),
    tokenHash: 'hash',
  }
}

const make = async (t: TestBoard, task: Partial<NewTask> = {}) => (await t.tasks.create({ title: 'T', assignee: 'coder', ...task }, 'cli')).task

async function claimed(t: TestBoard, number = 1): Promise<Claimed> {
  const claim = await t.claims.claim(number, optionsFor(t))
  if ('refused' in claim) throw new Error(`refused: ${claim.refused}`)
  return claim
}

test('a claim makes the task run, with an attempt, a lease and a larger fence, and is taken once', async () => {
  await using t = await openTestBoard()
  const task = await make(t, { labels: ['x'], settings: { maxRuntimeMs: 5_000 } })
  const { claim, run, ...more } = await claimed(t)
  expect(more.task).toMatchObject({ state: 'running', runId: run.id, attempts: 1, startedAt: t.clock.now(), labels: ['x'], waiting: null })
  expect(claim).toEqual({ board: 'b', taskNumber: 1, taskId: task.id, runId: run.id, fence: 1 })
  expect(run).toMatchObject({ attempt: 1, executor: 'twin', leaseExpiresAt: t.clock.now() + LEASE_MS, deadlineAt: t.clock.now() + 5_000 })
  expect([await t.tasks.get(1), await t.claims.get(run.id)]).toEqual([more.task, run])
  expect(await t.claims.claim(1, optionsFor(t))).toEqual({ refused: 'taken' })
  expect(await t.claims.claimNext(optionsFor(t))).toBeUndefined()
  expect((await rejectionOf(t.claims.claim(2, optionsFor(t)))).code).toBe('TASK_NOT_FOUND')
})

test('who comes first is decided by priority, and then by age; reviews stand in the same queue', async () => {
  await using t = await openTestBoard()
  await make(t)
  await t.clock.advance(1)
  await make(t)
  await make(t, { priority: 1 })
  await t.tasks.requestReview(2, { reviewer: 'critic' }, { actor: 'cli' })
  const { claimed: all } = await t.claims.claimMany({ ...optionsFor(t), tokenHashes: ['1', '2', '3', '4'] })
  expect(all.map(({ claim, run }) => [claim.taskNumber, run.sourceState])).toEqual([
    [3, 'ready'],
    [1, 'ready'],
    [2, 'review'],
  ])
  expect(rowsOf(t.file, `select task_number, token_hash from run order by token_hash`).map((row) => row['task_number'])).toEqual([3, 1, 2])
})

test.each<[string, Partial<NewTask>, (t: TestBoard) => Promise<unknown>]>([
  ['triage', { isTriage: true }, async () => {}],
  ['not_before', { notBefore: 9_000_000 }, async () => {}],
  ['unassigned', {}, (t) => t.tasks.assign(1, null, { actor: 'cli' })],
  ['unknown_assignee', { assignee: 'stranger' }, async () => {}],
  ['blocked', {}, (t) => t.tasks.block(1, { kind: 'needs_input', reason: 'why?' }, { actor: 'cli' })],
  ['parents', { parents: [] }, async (t) => t.tasks.link((await make(t)).number, 1, 'success', 'cli')],
  ['board_paused', {}, (t) => t.board.pause('cli', 'lunch')],
  ['backoff', {}, async (t) => t.claims.fail((await claimed(t)).claim, CRASH, { isCounted: true, retryAt: t.clock.now() + 1 })],
  ['taken', {}, (t) => t.tasks.complete(1, { summary: 'by hand' }, { actor: 'cli' })],
])('a task that must not run is refused, and the reason is %s', async (refused, task, prepare) => {
  await using t = await openTestBoard()
  await make(t, task)
  await prepare(t)
  const before = rowsOf(t.file, 'select max(seq) from event')
  expect(await t.claims.claim(1, optionsFor(t))).toEqual({ refused })
  expect((await t.claims.claimMany({ ...optionsFor(t), tokenHashes: ['1'] })).claimed.filter(({ claim }) => claim.taskNumber === 1)).toEqual([])
  if (refused !== 'parents') expect(rowsOf(t.file, 'select max(seq) from event')).toEqual(before)
})

test('caps hold of claims that come at the same time, and what they hold back gives way to what may run', async () => {
  await using t = await openTestBoard()
  const tasks = [
    ['a', []],
    ['a', []],
    ['a', []],
    ['b', ['gpu']],
    ['c', ['gpu']],
    ['c', []],
  ] as const
  for (const [assignee, labels] of tasks) await make(t, { assignee, labels: [...labels] })
  const caps = { board: 4, perAssignee: 2, perLabel: { gpu: 1 } }
  const all = await Promise.all(Array.from({ length: 10 }, () => t.claims.claimNext(optionsFor(t, caps))))
  expect(all.flatMap((one) => one?.claim.taskNumber ?? []).toSorted((one, other) => one - other)).toEqual([1, 2, 4, 6])
  expect(await t.claims.claim(5, optionsFor(t, { perLabel: { gpu: 1 } }))).toEqual({ refused: 'label_cap' })
  expect(await t.claims.claim(3, optionsFor(t, { perAssignee: 2 }))).toEqual({ refused: 'assignee_cap' })
  expect(await t.claims.claim(3, optionsFor(t, { board: 4 }))).toEqual({ refused: 'board_cap' })
  expect(await t.claims.claim(3, optionsFor(t, { without: ['a'] }))).toEqual({ refused: 'assignee_cap' })
  const { claimed: more, held } = await t.claims.claimMany({ ...optionsFor(t, { perAssignee: 2, perLabel: { gpu: 1 } }), tokenHashes: ['1', '2'] })
  expect([more, held]).toEqual([
    [],
    [
      { number: 3, code: 'assignee_cap' },
      { number: 5, code: 'label_cap' },
    ],
  ])
  expect(await t.claims.countRunning('here')).toBe(4)
})

test('a worker completes once: its task, children, costs and run are settled together, and the same word again is answered alike', async () => {
  await using t = await openTestBoard()
  await make(t)
  await make(t, { parents: [{ id: '1' }] })
  const { claim } = await claimed(t)
  await t.clock.advance(3_000)
  await t.claims.spend(claim, ONE)
  const completion = { summary: 'did it', result: 'text', metadata: { files: 2 }, artifacts: ['a.png'], spend: ONE }
  await t.claims.complete(claim, completion)
  const before = rowsOf(t.file, 'select * from event')
  await t.claims.complete(claim, completion)
  expect(rowsOf(t.file, 'select * from event')).toEqual(before)
  const spend = { inputTokens: 20, outputTokens: 10, costMicros: 14 }
  expect(await t.tasks.get(1)).toMatchObject({
    state: 'done',
    verdict: 'success',
    summary: 'did it',
    result: 'text',
    metadata: { files: 2 },
    spend,
    runMs: 3_000,
    runId: null,
  })
  expect(await t.tasks.get(2)).toMatchObject({ state: 'ready', parents: { open: 0, met: 1 } })
  expect(await t.claims.get(claim.runId)).toMatchObject({ outcome: 'completed', summary: 'did it', endedAt: t.clock.now(), metadata: { files: 2 }, spend })
  expect(rowsOf(t.file, 'select * from spend')).toEqual([{ day: '1970-01-01', input_tokens: 20, output_tokens: 10, cost_micros: 14, run_ms: 3_000 }])
  expect(JSON.parse(rowsOf<{ payload: string }>(t.file, `select payload from event where kind = 'task.completed'`)[0]!.payload)).toMatchObject({
    artifacts: ['a.png'],
  })
  expect((await rejectionOf(t.claims.block(claim, { kind: 'needs_input', reason: 'no' }))).code).toBe('CLAIM_LOST')
})

const ENDS: Record<string, (t: TestBoard, claim: Claim) => Promise<unknown>> = {
  complete: (t, claim) => t.claims.complete(claim, { summary: 's', spend: ONE }),
  block: (t, claim) => t.claims.block(claim, { kind: 'needs_input', reason: 'r', spend: ONE }),
  requestReview: (t, claim) => t.claims.requestReview(claim, { summary: 's', spend: ONE }),
  requestChanges: (t, claim) => t.claims.requestChanges(claim, { reason: 'r', spend: ONE }),
  fail: (t, claim) => t.claims.fail(claim, CRASH, { isCounted: true, spend: ONE }),
  giveUp: (t, claim) => t.claims.fail(claim, CRASH, { isCounted: true, giveUp: 'gave_up' }),
  release: (t, claim) => t.claims.release(claim, 'not needed'),
  spawned: (t, claim) => t.claims.spawned(claim, { pid: 7, workspace: '/tmp' }),
  spend: (t, claim) => t.claims.spend(claim, ONE),
  takeSteering: (t, claim) => t.claims.takeSteering(claim),
  transcript: (t, claim) => t.transcripts.append(claim, [{ seq: 1, kind: 'text', body: 'late' }]),
}

const everything = (t: TestBoard) => ['task', 'run', 'event', 'spend', 'steering', 'transcript'].map((table) => rowsOf(t.file, `select * from ${table}`))

test.each(Object.keys(ENDS))('a worker whose claim was taken away writes nothing by %s', async (name) => {
  await using t = await openTestBoard()
  await make(t)
  const { claim: stale } = await claimed(t)
  await t.claims.steer(stale.runId, 'faster', 'cli')
  await t.tasks.requestReview(1, { reviewer: 'critic' }, { actor: 'cli' })
  const fenced = everything(t)
  expect((await rejectionOf(ENDS[name]!(t, stale))).code).toBe('CLAIM_LOST')
  expect(everything(t)).toEqual(fenced)
  // Nor when the task runs again, also not with the number of a fence that it never had.
  const { claim: current } = await claimed(t)
  const before = everything(t)
  for (const claim of [stale, { ...current, fence: 1 }, { ...stale, fence: 2 }, { ...current, runId: 'run_none' }, { ...current, taskNumber: 9 }])
    expect((await rejectionOf(ENDS[name]!(t, claim))).code).toBe('CLAIM_LOST')
  expect(
    await t.claims.heartbeat(
      [
        { ...stale, note: 'late', spend: ONE },
        { ...current, fence: 1, spend: ONE },
      ],
      LEASE_MS,
    ),
  ).toEqual({ lost: [stale.runId, current.runId], wishes: [] })
  expect(await t.claims.adopt([{ claim: stale, run: (await t.claims.get(stale.runId))! }], 'd2')).toEqual([])
  expect(everything(t)).toEqual(before)
  await ENDS[name]!(t, current)
})

test('leases end by the clock, unless they are extended; an extended one keeps its note, costs and wishes', async () => {
  await using t = await openTestBoard()
  await make(t)
  await make(t)
  const [one, two] = [await claimed(t, 1), await claimed(t, 2)]
  await t.claims.wish({ runId: one.run.id, wish: 'pause', reason: 'lunch', actor: 'user:anna' })
  await t.clock.advance(LEASE_MS - 1)
  expect([await t.claims.expired(t.clock.now()), await t.claims.nextAt(t.clock.now())]).toEqual([[], t.clock.now() + 1])
  const wishes = [{ runId: one.run.id, wish: 'pause', reason: 'lunch' }]
  expect(await t.claims.heartbeat([{ ...one.claim, note: 'reads', spend: ONE }], LEASE_MS)).toEqual({ lost: [], wishes })
  expect(await t.claims.heartbeat([{ ...one.claim, note: 'reads' }], LEASE_MS)).toEqual({ lost: [], wishes })
  await t.clock.advance(1)
  expect((await t.claims.expired(t.clock.now())).map(({ claim }) => claim)).toEqual([two.claim])
  expect(await t.claims.get(one.run.id)).toMatchObject({
    note: 'reads',
    spend: ONE,
    heartbeatAt: t.clock.now() - 1,
    leaseExpiresAt: t.clock.now() - 1 + LEASE_MS,
  })
  expect(rowsOf(t.file, `select count(*) as count from event where kind = 'run.progress'`)).toEqual([{ count: 1 }])
  // Whoever is late and was not given up goes on.
  expect(await t.claims.heartbeat([two.claim], LEASE_MS)).toEqual({ lost: [], wishes: [] })
  expect(await t.claims.expired(t.clock.now())).toEqual([])
})

test('a failure is followed by what its policy says: a back-off, an uncounted try, or the end', async () => {
  await using t = await openTestBoard()
  await make(t)
  await t.claims.fail((await claimed(t)).claim, CRASH, { isCounted: true, retryAt: t.clock.now() + 500, exitCode: 1 })
  expect(await t.tasks.get(1)).toMatchObject({
    state: 'ready',
    failures: 1,
    lastFailure: CRASH,
    nextAttemptAt: t.clock.now() + 500,
    waiting: { code: 'backoff' },
  })
  expect(await t.claims.nextAt(t.clock.now())).toBe(t.clock.now() + 500)
  await t.clock.advance(500)
  const limited = { class: 'rate_limit', code: '429', message: 'later' } as const
  const second = await claimed(t)
  expect(second.task).toMatchObject({ failures: 1, nextAttemptAt: null })
  await t.claims.fail(second.claim, limited, { isCounted: false })
  expect([await t.tasks.get(1), await t.claims.get(second.run.id)]).toMatchObject([
    { failures: 1, attempts: 2 },
    { outcome: 'rate_limited', failure: limited },
  ])
  await t.claims.fail((await claimed(t)).claim, CRASH, { isCounted: true, giveUp: 'quarantined' })
  expect(await t.tasks.get(1)).toMatchObject({ state: 'blocked', failures: 2, block: { kind: 'quarantined', reason: 'exited with 1' } })
  expect((await t.claims.ofTask(1)).map(({ outcome, exitCode }) => [outcome, exitCode])).toEqual([
    ['failed', 1],
    ['rate_limited', null],
    ['gave_up', null],
  ])
})

test('a task that is blocked again and again for one reason goes back to triage; what succeeds has no failures and no block any more', async () => {
  await using t = await openTestBoard()
  await make(t)
  const states: string[] = []
  while (states.at(-1) !== 'triage' && states.length < 5) {
    if (states.length > 0) await t.tasks.unblock(1, { actor: 'cli' })
    await t.claims.block((await claimed(t)).claim, { kind: 'capability', reason: 'no browser' })
    states.push((await t.tasks.get(1))!.state)
  }
  expect([states.at(0), states.at(-1)]).toEqual(['blocked', 'triage'])
  await t.tasks.specify(1, { actor: 'cli' })
  await t.claims.fail((await claimed(t)).claim, CRASH, { isCounted: true })
  await t.claims.complete((await claimed(t)).claim, { summary: 's', verdict: 'failure' })
  expect(await t.tasks.get(1)).toMatchObject({ state: 'done', verdict: 'failure', failures: 0, lastFailure: null, block: null })
})

test('a reviewer gets the work, gives it back to who did it, and what a reviewer fails at stays a review', async () => {
  await using t = await openTestBoard()
  await make(t, { reviewer: 'critic' })
  await t.claims.requestReview((await claimed(t)).claim, { summary: 'ready' })
  expect(await t.tasks.get(1)).toMatchObject({ state: 'review', assignee: 'critic', implementer: 'coder' })
  await t.claims.fail((await claimed(t)).claim, CRASH, { isCounted: true })
  expect(await t.tasks.get(1)).toMatchObject({ state: 'review', assignee: 'critic' })
  await t.claims.requestChanges((await claimed(t)).claim, { reason: 'no tests' })
  expect(await t.tasks.get(1)).toMatchObject({ state: 'ready', assignee: 'coder', reviewer: 'critic' })
  const { claim } = await claimed(t)
  expect((await rejectionOf(t.claims.requestChanges(claim, { reason: 'mine' }))).code).toBe('ILLEGAL_TRANSITION')
  await t.claims.release(claim, 'the host is full', { retryAt: t.clock.now() + 9 })
  expect(await t.tasks.get(1)).toMatchObject({ state: 'ready', failures: 1, nextAttemptAt: t.clock.now() + 9 })
})

test('words to a worker are heard once and can be read again; a wish to stop is not taken back', async () => {
  await using t = await openTestBoard()
  await make(t)
  const { claim, run } = await claimed(t)
  const first = (await t.claims.steer(run.id, 'faster', 'user:anna'))!
  await t.claims.steer(run.id, 'and louder', 'user:anna')
  expect((await t.claims.takeSteering(claim)).map(({ body }) => body)).toEqual(['faster', 'and louder'])
  expect(await t.claims.takeSteering(claim)).toEqual([])
  expect((await t.claims.steering(run.id, { after: first.id })).map(({ body }) => body)).toEqual(['and louder'])
  const wish = (wanted: 'stop' | 'resume') => t.claims.wish({ runId: run.id, wish: wanted, reason: '', actor: 'cli' })
  expect([await wish('stop'), await wish('resume'), (await t.claims.get(run.id))!.wish]).toEqual([true, false, 'stop'])
  await t.claims.complete(claim, { summary: 's' })
  expect([await wish('stop'), await t.claims.steer(run.id, 'x', 'cli')]).toEqual([false, undefined])
  expect((await rejectionOf(t.claims.steer('run_none', 'x', 'cli'))).code).toBe('RUN_NOT_FOUND')
  expect((await rejectionOf(t.claims.steer(run.id, ' ', 'cli'))).code).toBe('INVALID')
})

test('an entry of a transcript that is sent twice is there once', async () => {
  await using t = await openTestBoard()
  await make(t)
  const { claim } = await claimed(t)
  const entry = (seq: number) => ({ seq, kind: 'text', body: `№ ${seq} "…"` })
  await t.transcripts.append(claim, [entry(1), entry(2)])
  await t.transcripts.append(claim, [{ ...entry(2), body: 'another' }, entry(3)])
  const at = t.clock.now()
  expect(await t.transcripts.list(claim.runId, { after: 1, limit: 9 })).toEqual([
    { ...entry(2), at },
    { ...entry(3), at },
  ])
  expect(await t.transcripts.list(claim.runId, { limit: 1 })).toEqual([{ ...entry(1), at }])
})

test('a dispatcher takes over what another left, and of two that want it one gets it', async () => {
  await using t = await openTestBoard()
  await make(t)
  const { run } = await claimed(t)
  const left = await t.claims.open()
  const [one, two] = await Promise.all([t.claims.adopt(left, 'd2'), t.claims.adopt(left, 'd3')])
  expect([one.map((adopted) => adopted.run.dispatcher), two]).toEqual([['d2'], []])
  expect((await t.claims.ofToken(run.id, 'hash'))?.run.dispatcher).toBe('d2')
  expect(await t.claims.ofToken(run.id, 'another')).toBeUndefined()
})

test('why a task waits is written when it changes, and only of those that could run', async () => {
  await using t = await openTestBoard()
  await make(t)
  await make(t)
  await claimed(t, 2)
  await t.clock.advance(5)
  const waiting = (detail: string) => [1, 2].map((number) => ({ number, code: 'host_cap' as const, detail }))
  await t.claims.setWaiting(waiting('8 of 8 run'))
  const since = t.clock.now()
  await t.clock.advance(5)
  await t.claims.setWaiting(waiting('9 of 9 run'))
  expect([(await t.tasks.get(1))!.waiting, (await t.tasks.get(2))!.waiting]).toEqual([{ code: 'host_cap', detail: '9 of 9 run', since }, null])
  const { size } = statSync(`${t.file}-wal`)
  await t.claims.setWaiting(waiting('9 of 9 run'))
  expect(statSync(`${t.file}-wal`).size).toBe(size)
})

test('what a dispatcher asks at every tick is a search in an index and sorts nothing', async () => {
  await using t = await openTestBoard()
  await make(t)
  const plans = await plansOf(t.file, async () => {
    const now = t.clock.now()
    await t.claims.claimNext(optionsFor(t, { board: 1, perAssignee: 1 }))
    await t.claims.expired(now)
    await t.claims.overdue(now)
    await t.claims.nextAt(now)
    await t.claims.countRunning('here')
  })
  expect(plans.filter((step) => /TEMP B-TREE|^SCAN (task|run)(?! USING COVERING INDEX)/.test(step))).toEqual([])
})
