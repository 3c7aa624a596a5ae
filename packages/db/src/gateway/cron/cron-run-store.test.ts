import { expect, test } from 'vitest'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { jobNamed, runAt } from '../../testing/cron-records.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'
import type { CronSettlement } from './cron-records.ts'

checkForLeaks()

const DAY = 86_400_000
const all = { all: true } as const
const claim = (runner: string, now: number, maxRunning = 10) => ({ runner, now, maxRunning })
const ended = (changes: Partial<CronSettlement> = {}): CronSettlement => ({
  state: 'completed',
  output: 'done',
  usage: null,
  error: null,
  deliveries: [],
  outbound: [],
  finishedAt: 1_000,
  ...changes,
})

/** Jobs by name, each with runs at these times that wait. */
async function openStores(jobs: Readonly<Record<string, readonly number[]>>) {
  const test = openTestDatabases()
  const { cron, cronRuns: runs } = test.databases.gateway
  for (const [id, slots] of Object.entries(jobs)) {
    const job = await cron.create(jobNamed(id, { overlap: 'queue' }), 0)
    const last = slots.at(-1) ?? 0
    await cron.fire(job, { runs: slots.map((slot) => runAt(`${id}@${slot}`, slot)), plannedAt: last, nextSlot: last + 60_000, nextDueAt: last + 60_000 }, last)
  }
  return { cron, runs, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() }
}

const idsOf = (claimed: readonly { readonly run: { readonly id: string } }[]) => claimed.map(({ run }) => run.id)

test('runs are taken by the longest wait, of each job one at a time, and never more at once than may be', async () => {
  await using t = await openStores({ a: [10, 20], b: [15], c: [5, 6] })
  expect(idsOf(await t.runs.claim(claim('r', 100, 2)))).toEqual(['c@5', 'a@10'])
  expect(await t.runs.claim(claim('s', 100, 2))).toEqual([])
  expect((await t.runs.queue(all, 10)).map(({ id, state }) => [id, state])).toEqual([
    ['c@5', 'running'],
    ['a@10', 'running'],
    ['c@6', 'queued'],
    ['b@15', 'queued'],
    ['a@20', 'queued'],
  ])
  expect(await t.runs.queue({ owner: 'you' }, 10)).toEqual([])
  expect(await t.runs.settle('c@5', 'r', ended())).toBe(true)
  expect(idsOf(await t.runs.claim(claim('s', 100, 2)))).toEqual(['c@6'])
})

test('only who runs a run may write about it, and its end is written once', async () => {
  await using t = await openStores({ a: [10] })
  await t.runs.claim(claim('r', 10))
  expect(await t.runs.settle('a@10', 's', ended())).toBe(false)
  expect(await t.runs.begun('a@10', 'r', { turnId: 'run_1', sessionId: 'ses_1' })).toBe(true)
  expect(await t.runs.settle('a@10', 'r', ended({ output: 'first' }))).toBe(true)
  expect(await t.runs.settle('a@10', 'r', ended({ output: 'second' }))).toBe(false)
  expect(await t.runs.get('a', 'a@10')).toMatchObject({ state: 'completed', output: 'first', turnId: 'run_1', sessionId: 'ses_1', attempt: 1, startedAt: 10 })
})

test('a run that is taken over is its new runner’s alone', async () => {
  await using t = await openStores({ a: [10] })
  await t.runs.claim(claim('dead', 10))
  expect((await t.runs.running()).map(({ job, run }) => [job.id, run.runner])).toEqual([['a', 'dead']])
  expect((await Promise.all(['r', 's'].map((runner) => t.runs.adopt('a@10', 'dead', runner)))).filter(Boolean)).toHaveLength(1)
  expect(await t.runs.settle('a@10', 'dead', ended())).toBe(false)
})

test('what is tried again waits for its time, and what was not begun in earnest does not count', async () => {
  await using t = await openStores({ a: [10] })
  await t.runs.claim(claim('r', 10))
  await t.runs.retry('a@10', 'r', { at: 500, error: { code: 'x', message: 'It failed.' }, isAttempt: true })
  expect(await t.runs.claim(claim('r', 499))).toEqual([])
  expect(await t.runs.nextAt(0)).toBe(500)
  const [again] = await t.runs.claim(claim('r', 500))
  expect(again?.run).toMatchObject({ attempt: 2, error: null })
  await t.runs.retry('a@10', 'r', { at: 600, error: null, isAttempt: false })
  expect((await t.runs.claim(claim('r', 600)))[0]?.run.attempt).toBe(2)
})

test('a job says how its last run went, and how many in a row did not succeed', async () => {
  await using t = await openStores({ a: [10, 20, 30, 40] })
  const settleNext = async (now: number, how: Partial<CronSettlement>) => {
    await t.runs.claim(claim('r', now))
    await t.runs.settle(`a@${now}`, 'r', ended(how))
    return t.cron.get('a', all)
  }
  const failed = { state: 'failed', error: { code: 'x', message: 'It failed.' } } as const
  expect(await settleNext(10, failed)).toMatchObject({ lastStatus: 'failed', lastError: 'It failed.', failureStreak: 1, lastRunAt: 10 })
  expect(await settleNext(20, { state: 'unknown' })).toMatchObject({ lastStatus: 'unknown', failureStreak: 2 })
  expect(await settleNext(30, { state: 'cancelled' })).toMatchObject({ failureStreak: 2 })
  expect(await settleNext(40, {})).toMatchObject({ lastStatus: 'completed', lastError: null, failureStreak: 0 })
})

test('old runs go, the newest of each job stay', async () => {
  const slots = Array.from({ length: 30 }, (_, i) => 100 + i)
  await using t = await openStores({ busy: slots, calm: [100, 101] })
  for (const _ of slots) {
    for (const { run } of await t.runs.claim(claim('r', 1_000))) await t.runs.settle(run.id, 'r', ended({ finishedAt: run.slot * DAY }))
  }
  expect(await t.runs.prune({ before: 115 * DAY, keep: 20 })).toBe(10)
  expect((await t.runs.list('busy', { limit: 50 })).map(({ slot }) => slot)).toEqual(slots.slice(10).toReversed())
  expect(await t.runs.list('calm', { limit: 50 })).toHaveLength(2)
  expect(await t.runs.prune({ before: 200 * DAY, keep: 5 })).toBe(15)
})

test('the backlog counts what is due, waits and runs, and since when', async () => {
  await using t = await openStores({ a: [10, 20], b: [15] })
  await t.runs.claim(claim('r', 100, 1))
  expect(await t.runs.backlog(100)).toEqual({ due: 0, queued: 2, running: 1, oldestDueAt: 15 })
  expect(await t.runs.backlog(200_000)).toMatchObject({ due: 2 })
})
