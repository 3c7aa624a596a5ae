import { expect, test } from 'vitest'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { jobNamed, runAt } from '../../testing/cron-records.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'
import type { CronPlan, NewCronJob, NewCronRun } from './cron-records.ts'

checkForLeaks()

const MINUTE = 60_000
const all = { all: true } as const
const plan = (plannedAt: number, next: number | null): CronPlan => ({ plannedAt, nextSlot: next, nextDueAt: next })

async function openStores(...jobs: readonly NewCronJob[]) {
  const test = openTestDatabases()
  const { cron, cronRuns: runs } = test.databases.gateway
  for (const job of jobs) await cron.create(job, 0)
  return {
    cron,
    runs,
    async fire(id: string, now: number, ...fired: readonly NewCronRun[]) {
      const job = await cron.get(id, all)
      return cron.fire(job!, { runs: fired, ...plan(now, now + MINUTE) }, now)
    },
    states: async (id: string) => (await runs.list(id, { limit: 50 })).toSorted((a, b) => a.slot - b.slot).map((run) => [run.id, run.state, run.error?.code]),
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  }
}

test('a job comes back as it was made, and belongs to its owner', async () => {
  const job = jobNamed('job_1', {
    schedules: [
      { kind: 'cron', text: '@daily', expression: '0 0 * * *' },
      { kind: 'once', text: 'in 5m', at: 300_000 },
    ],
    origin: { platform: 'telegram', account: 'bot', chatId: '7', threadId: '' },
    deliver: ['origin', 'home'],
    retryUnknown: true,
  })
  await using t = await openStores(job)
  expect(await t.cron.get('job_1', { owner: 'me' })).toEqual({
    ...job,
    state: 'scheduled',
    fired: 0,
    pausedAt: null,
    pausedReason: null,
    createdAt: 0,
    updatedAt: 0,
    revision: 1,
    lastRunAt: null,
    lastStatus: null,
    lastError: null,
    failureStreak: 0,
  })
  expect(await t.cron.get('job_1', { owner: 'you' })).toBeUndefined()
  expect(await t.cron.update('job_1', { owner: 'you' }, { name: 'mine' }, 1)).toBeUndefined()
  expect(await t.cron.remove('job_1', { owner: 'you' }, 1)).toBe(false)
  expect(await t.cron.list({ owner: 'you' }, { limit: 10 })).toEqual([])
})

test('of two who fire a job at once, one does', async () => {
  await using t = await openStores(jobNamed('job_1'))
  const job = (await t.cron.get('job_1', all))!
  const fired = await Promise.all(['a', 'b'].map((id) => t.cron.fire(job, { runs: [runAt(id, MINUTE)], ...plan(MINUTE, 2 * MINUTE) }, MINUTE)))
  expect(fired.filter(Boolean)).toHaveLength(1)
  expect(await t.states('job_1')).toHaveLength(1)
  expect(await t.cron.get('job_1', all)).toMatchObject({ fired: 1, nextSlot: 2 * MINUTE })
})

test('a time that has a run gets no second one, whatever the clock does', async () => {
  await using t = await openStores(jobNamed('job_1'))
  await t.fire('job_1', MINUTE, runAt('a', MINUTE))
  expect(await t.fire('job_1', MINUTE, runAt('b', MINUTE))).toBe(true)
  expect(await t.states('job_1')).toEqual([['a', 'queued', undefined]])
  expect((await t.cron.get('job_1', all))?.fired).toBe(1)
})

test('a plan that was made for a job as it was before does not fire it', async () => {
  await using t = await openStores(jobNamed('job_1'))
  const read = (await t.cron.get('job_1', all))!
  await t.cron.update('job_1', all, { prompt: 'Say something else' }, 1)
  expect(await t.cron.fire(read, { runs: [runAt('a', MINUTE)], ...plan(MINUTE, 2 * MINUTE) }, MINUTE)).toBe(false)
  const changed = (await t.cron.get('job_1', all))!
  await t.cron.update('job_1', all, { state: 'paused', pausedReason: 'holiday' }, 5)
  expect(await t.cron.fire(changed, { runs: [runAt('b', MINUTE)], ...plan(MINUTE, 2 * MINUTE) }, MINUTE)).toBe(false)
  expect(await t.cron.get('job_1', all)).toMatchObject({ state: 'paused', pausedAt: 5, pausedReason: 'holiday' })
  expect(await t.cron.due(10 * MINUTE, 10)).toEqual([])
})

test('while a run is not over, the next time is skipped, waits, or replaces it, as the job says', async () => {
  await using t = await openStores(...(['skip', 'queue', 'replace'] as const).map((overlap) => jobNamed(overlap, { overlap })))
  for (const id of ['skip', 'queue', 'replace']) {
    await t.fire(id, MINUTE, runAt(`${id}1`, MINUTE))
    await t.runs.claim({ runner: 'r', now: MINUTE, maxRunning: 10 })
    await t.fire(id, 2 * MINUTE, runAt(`${id}2`, 2 * MINUTE))
  }
  expect(await t.states('skip')).toEqual([
    ['skip1', 'running', undefined],
    ['skip2', 'skipped', 'overlap'],
  ])
  expect(await t.states('queue')).toEqual([
    ['queue1', 'running', undefined],
    ['queue2', 'queued', undefined],
  ])
  expect((await t.runs.get('replace', 'replace1'))?.cancelReason).toBe('replaced')
  expect((await t.runs.get('queue', 'queue1'))?.cancelReason).toBeNull()
  await t.fire('replace', 3 * MINUTE, runAt('replace3', 3 * MINUTE))
  expect(await t.states('replace')).toEqual([
    ['replace1', 'running', undefined],
    ['replace2', 'cancelled', 'replaced'],
    ['replace3', 'queued', undefined],
  ])
  expect((await t.cron.get('skip', all))?.fired).toBe(1)
})

test('a job that has fired as often as it may is completed', async () => {
  await using t = await openStores(jobNamed('job_1', { repeat: 2 }))
  await t.fire('job_1', MINUTE, runAt('a', MINUTE))
  await t.runs.claim({ runner: 'r', now: MINUTE, maxRunning: 10 })
  // A time that is skipped does not count.
  await t.fire('job_1', 2 * MINUTE, runAt('b', 2 * MINUTE))
  expect((await t.cron.get('job_1', all))?.state).toBe('scheduled')
  await t.runs.settle('a', 'r', { state: 'completed', output: '', usage: null, error: null, deliveries: [], outbound: [], finishedAt: 2 * MINUTE })
  await t.fire('job_1', 3 * MINUTE, runAt('c', 3 * MINUTE))
  expect(await t.cron.get('job_1', all)).toMatchObject({ state: 'completed', fired: 2, nextSlot: null, nextDueAt: null })
})

test('a job whose clock was set back is due, one whose clock was put right by seconds is not', async () => {
  await using t = await openStores(jobNamed('job_1', plan(1_000 * MINUTE, 1_001 * MINUTE)))
  expect(await t.cron.due(999.5 * MINUTE, 10)).toEqual([])
  expect(await t.cron.due(900 * MINUTE, 10)).toMatchObject([{ id: 'job_1' }])
})

test('a job that is deleted is gone at once, with what waits of it, and what runs of it is told', async () => {
  await using t = await openStores(jobNamed('job_1', { overlap: 'queue' }))
  await t.fire('job_1', MINUTE, runAt('a', MINUTE))
  await t.runs.claim({ runner: 'r', now: MINUTE, maxRunning: 10 })
  await t.fire('job_1', 2 * MINUTE, runAt('b', 2 * MINUTE))
  expect(await t.cron.remove('job_1', { owner: 'me' }, 3 * MINUTE)).toBe(true)
  expect(await t.cron.get('job_1', all)).toBeUndefined()
  expect(await t.cron.due(100 * MINUTE, 10)).toEqual([])
  expect((await t.runs.get('job_1', 'a'))?.cancelReason).toBe('job_deleted')
  expect(await t.states('job_1')).toEqual([
    ['a', 'running', undefined],
    ['b', 'cancelled', 'job_deleted'],
  ])
  expect(await t.runs.prune({ before: 0, keep: 20 })).toBe(1)
  expect(await t.states('job_1')).toHaveLength(1)
  await t.runs.settle('a', 'r', { state: 'cancelled', output: null, usage: null, error: null, deliveries: [], outbound: [], finishedAt: 4 * MINUTE })
  expect(await t.runs.prune({ before: 0, keep: 20 })).toBe(1)
  expect(await t.states('job_1')).toEqual([])
})

test('a run that a person starts takes a time of its own, and counts for nothing', async () => {
  await using t = await openStores(jobNamed('job_1', { repeat: 5 }))
  await t.fire('job_1', MINUTE, runAt('a', MINUTE))
  const fired = await t.cron.fireNow('job_1', { owner: 'me' }, runAt('b', MINUTE, { cause: 'manual' }), MINUTE)
  expect(fired?.run).toMatchObject({ id: 'b', slot: MINUTE + 1, cause: 'manual', state: 'queued' })
  expect((await t.cron.get('job_1', all))?.fired).toBe(1)
  expect(await t.cron.fireNow('job_1', { owner: 'you' }, runAt('c', MINUTE), MINUTE)).toBeUndefined()
})
