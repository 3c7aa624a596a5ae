import { createId } from '@talaria/core'
import { until } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import type { CronJob } from '@talaria/db'
import { expect, test } from 'vitest'
import { ApiError } from '../api/api-error.ts'
import { openTestCron, START, WallClock, type TestCron } from '../../test/open-test-cron.ts'
import { echo, TestAgent } from '../../test/test-agent.ts'

checkForLeaks()

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const echoing = () => new TestAgent({ play: echo })

/** Until a job has so many runs that are over. */
const ended = (t: TestCron, job: CronJob, count: number) =>
  until(`${count} runs to be over`, 5_000, async () => {
    const runs = await t.stores.cronRuns.list(job.id, { limit: 200 })
    return runs.length >= count && runs.every(({ finishedAt }) => finishedAt !== null) && runs
  })

/** Until cron has looked at everything and sleeps. */
async function settled(t: TestCron) {
  await until('nothing to do', 5_000, async () => {
    const { due, queued, running } = await t.stores.cronRuns.backlog(t.wall.now())
    return due + queued + running === 0
  })
}

test('a job fires when its time has come: a turn in a session of its own, whose output is kept', async () => {
  await using t = await openTestCron({ agent: echoing() })
  t.cron.start()
  const job = await t.add('0 9 * * *', { name: 'Morning', prompt: 'Wake up', instructions: 'Be brief' })
  await t.wall.advance(9 * HOUR - 1_000)
  expect(await t.history(job)).toEqual([])
  await t.wall.advance(1_000)
  const [run] = await ended(t, job, 1)
  expect(run).toMatchObject({
    state: 'completed',
    output: 'You said: Wake up',
    usage: { inputTokens: 3 },
    error: null,
    attempt: 1,
    startedAt: START + 9 * HOUR,
  })
  const sessionOf = () => t.stores.sessions.get(run!.sessionId!, { all: true })
  await until('it is marked as unread', 5_000, async () => (await sessionOf())?.unread)
  expect(await sessionOf()).toMatchObject({ source: 'cron', title: 'Morning', owner: 'root', metadata: { cron_job_id: job.id } })
  expect(t.agent.runs[0]!.request).toMatchObject({ instructions: 'Be brief', messages: [{ role: 'user', content: 'Wake up' }] })
  expect(await t.stores.cron.get(job.id, { all: true })).toMatchObject({ lastStatus: 'completed', fired: 1, nextSlot: START + 33 * HOUR })
})

test('while an operator has paused all work nothing fires, and what was due is caught up with afterwards', async () => {
  await using t = await openTestCron({ agent: echoing() })
  await t.stores.platforms.setPaused('*', true)
  t.cron.start()
  const job = await t.add('0 * * * *')
  await t.wall.advance(3 * HOUR + MINUTE)
  expect([await t.history(job), t.agent.runs.length]).toEqual([[], 0])
  await t.stores.platforms.setPaused('*', false)
  await t.wall.advance(15_000)
  await ended(t, job, 1)
  expect(await t.history(job)).toEqual([[3, 'completed']])
})

test.each([
  ['deny', { denied: expect.stringContaining('nobody is there to answer') }],
  ['approve', 'allow'],
] as const)('a tool that asks before it runs is answered at once, by the policy of its job: %s', async (approvals, answer) => {
  const answers: unknown[] = []
  const agent = new TestAgent({
    play: (run) =>
      void run.request.approve!({ id: 'q1', tool: 'shell', arguments: '{}' }, run.signal).then((given) => (answers.push(given), run.say('done').finish())),
  })
  await using t = await openTestCron({ agent })
  t.cron.start()
  const job = await t.add('@hourly', { approvals })
  await t.wall.advance(HOUR)
  await ended(t, job, 1)
  expect(answers).toEqual([answer])
})

test('a job that is made in a chat remembers it and answers there; what cannot be made says why', async () => {
  await using t = await openTestCron({ agent: echoing() })
  t.cron.start()
  const origin = { platform: 'telegram', account: 'bot', chatId: '42', threadId: '7' }
  const made = await t.cron.add({ schedule: '0 9 * * *', prompt: 'What is new?', owner: 'telegram:bot:7', origin })
  if (typeof made === 'string') throw new Error(made)
  expect(made).toMatchObject({ name: 'What is new?', schedule: '0 9 * * *', nextAt: START + 9 * HOUR })
  const job = (await t.stores.cron.get(made.id, { owner: 'telegram:bot:7' }))!
  expect(job).toMatchObject({ origin, deliver: ['origin'], approvals: 'deny' })
  await t.wall.advance(9 * HOUR)
  await ended(t, job, 1)
  expect(await t.stores.outbound.list({ state: 'pending', limit: 9 })).toMatchObject([{ address: origin, text: 'You said: What is new?', kind: 'cron' }])
  expect(await t.cron.add({ schedule: '99 * * * *', prompt: 'x', owner: 'a', origin })).toContain("of '99 * * * *'")
})

test('two gateways on one home fire each time once', async () => {
  const agent = echoing()
  await using t = await openTestCron({ agent })
  await using other = await openTestCron({ beside: t, agent })
  const jobs = await Promise.all(Array.from({ length: 8 }, () => t.add('every 10m')))
  t.cron.start()
  other.cron.start()
  for (let round = 1; round <= 3; round++) {
    await t.wall.advance(10 * MINUTE)
    for (const job of jobs) await ended(t, job, round)
  }
  expect(agent.runs).toHaveLength(24)
  for (const job of jobs) expect((await t.history(job)).map(([, state]) => state)).toEqual(['completed', 'completed', 'completed'])
})

test('a gateway that was down over due times makes up for them with one run', async () => {
  await using t = await openTestCron({ agent: echoing() })
  const job = await t.add('0 * * * *')
  t.wall.jump(5.5 * HOUR)
  t.cron.start()
  await ended(t, job, 1)
  await settled(t)
  expect(await t.history(job)).toEqual([[5, 'completed']])
  expect((await t.stores.cronRuns.list(job.id, { limit: 1 }))[0]).toMatchObject({ cause: 'catch_up', missed: 4 })
})

test('a clock put forward by three days and back again neither fires twice nor falls silent', async () => {
  await using t = await openTestCron({ agent: echoing() })
  t.cron.start()
  const daily = await t.add('30 * * * *')
  const interval = await t.add('every 10m')
  await t.wall.advance(30 * MINUTE)
  await ended(t, daily, 1)
  t.wall.jump(3 * DAY)
  // Nobody tells of a jump: the safety tick finds out.
  await t.wall.advance(15_000)
  await ended(t, daily, 2)
  await settled(t)
  expect(await t.history(daily)).toEqual([
    [0.5, 'completed'],
    [72.5, 'completed'],
  ])
  t.wall.jump(-3 * DAY)
  const intervalsBefore = (await t.history(interval)).length
  await t.wall.advance(15_000)
  await until('plans of the time that it is now', 5_000, async () => (await t.stores.cron.get(daily.id, { all: true }))?.nextSlot === START + 1.5 * HOUR)
  await t.wall.advance(HOUR)
  await ended(t, daily, 3)
  await settled(t)
  expect((await t.history(daily)).map(([slot]) => slot)).toEqual([0.5, 1.5, 72.5])
  expect((await t.history(interval)).length).toBeGreaterThan(intervalsBefore)
})

test('times that have fired keep their run when the clock is put back over them; an interval goes on at once', async () => {
  await using t = await openTestCron({ agent: echoing(), clock: new WallClock(START + 3 * DAY) })
  t.cron.start()
  const hourly = await t.add('0 * * * *')
  await t.wall.advance(HOUR)
  await ended(t, hourly, 1)
  const interval = await t.add('every 10m')
  t.wall.jump(-2 * HOUR)
  await t.wall.advance(15_000)
  await t.wall.advance(10 * MINUTE)
  await ended(t, interval, 1)
  // Over the hour that has fired, and on to one that has not.
  for (let minutes = 0; minutes < 130; minutes += 10) {
    await t.wall.advance(10 * MINUTE)
    await settled(t)
  }
  expect((await t.history(hourly)).map(([slot]) => slot)).toEqual([72, 73])
})

test('no more run at once than may, and the rest waits where it can be seen', async () => {
  await using t = await openTestCron({ maxParallel: 2 })
  t.cron.start()
  const jobs = await Promise.all(Array.from({ length: 5 }, (_, i) => t.add('0 1 * * *', { name: `job ${i}` })))
  await t.wall.advance(HOUR)
  const first = await t.agent.next()
  await t.agent.next()
  await until('the queue', 2_000, async () => (await t.stores.cronRuns.queue({ all: true }, 10)).length === 5)
  expect((await t.stores.cronRuns.queue({ all: true }, 10)).map(({ state }) => state)).toEqual(['running', 'running', 'queued', 'queued', 'queued'])
  expect(t.agent.runs).toHaveLength(2)
  first.say('done').finish()
  // The next begins because one is over; the clock stands still.
  await t.agent.next()
  expect(t.agent.runs).toHaveLength(3)
  for (const run of t.agent.runs) run.finish()
  ;(await t.agent.next()).finish()
  ;(await t.agent.next()).finish()
  for (const job of jobs) await ended(t, job, 1)
})

test('a run whose gateway died is unknown, and its time is not run again', async () => {
  const agent = echoing()
  await using t = await openTestCron({ agent })
  const job = await t.add('0 * * * *')
  const [again, never] = await Promise.all([t.add('0 * * * *', { retryUnknown: true }), t.add('0 * * * *', { retries: 3 })])
  // What a gateway leaves that is killed during a run: claimed, and nobody there any more.
  for (const one of [job, again, never]) {
    const run = { id: createId('fire'), slot: START + HOUR, dueAt: START + HOUR, cause: 'schedule', missed: 0 } as const
    await t.stores.cron.fire(one, { runs: [run], plannedAt: START + HOUR, nextSlot: START + 2 * HOUR, nextDueAt: START + 2 * HOUR }, START + HOUR)
  }
  await t.stores.cronRuns.claim({ runner: 'runner_dead', now: START + HOUR, maxRunning: 10 })
  t.wall.jump(HOUR + 1_000)
  t.cron.start()
  await ended(t, job, 1)
  await ended(t, never, 1)
  expect(await t.history(job)).toEqual([[1, 'unknown', 'gateway_died']])
  expect(await t.history(never)).toEqual([[1, 'unknown', 'gateway_died']])
  expect(await t.stores.cron.get(job.id, { all: true })).toMatchObject({ lastStatus: 'unknown', failureStreak: 1 })
  // Only the job that says so has it done again.
  await until('the run waits', 2_000, async () => (await t.history(again))[0]?.[1] === 'queued')
  expect(agent.runs).toHaveLength(0)
  await t.wall.advance(MINUTE)
  await ended(t, again, 1)
  expect(await t.history(again)).toEqual([[1, 'completed']])
  await t.wall.advance(HOUR)
  await ended(t, job, 2)
  expect(await t.history(job)).toEqual([
    [1, 'unknown', 'gateway_died'],
    [2, 'completed'],
  ])
})

test('a run that fails is tried again with growing pauses, as often as its job says, and then its failure is told', async () => {
  const agent = new TestAgent({ play: (run) => void run.fail('model_unavailable', 'It is not there.') })
  await using t = await openTestCron({ agent })
  await t.stores.chats.setHome({ platform: 'telegram', account: 'bot', chatId: '7', threadId: '' }, true)
  t.cron.start()
  const job = await t.add('0 1 * * *', { retries: 2, retryBackoffMs: MINUTE, deliver: ['home'], name: 'Flaky' })
  await t.wall.advance(HOUR)
  const attempts = (count: number) =>
    until(`${count} attempts`, 3_000, async () => {
      const [run] = await t.stores.cronRuns.list(job.id, { limit: 1 })
      return run?.attempt === count && run.state !== 'running' && run
    })
  expect(await attempts(1)).toMatchObject({ state: 'queued', runAt: START + HOUR + MINUTE, error: { code: 'model_unavailable' } })
  await t.wall.advance(MINUTE)
  expect(await attempts(2)).toMatchObject({ state: 'queued', runAt: START + HOUR + 3 * MINUTE })
  await t.wall.advance(2 * MINUTE)
  expect(await attempts(3)).toMatchObject({ state: 'failed', deliveries: [{ target: 'home', status: 'queued' }] })
  const [message] = await t.stores.outbound.list({ state: 'pending', limit: 10 })
  expect(message).toMatchObject({ kind: 'cron', text: "Cron job 'Flaky' failed: It is not there.", address: { chatId: '7' } })
})

test('a run that takes too long is ended, and has failed', async () => {
  await using t = await openTestCron()
  t.cron.start()
  const job = await t.add('0 1 * * *', { timeoutMs: 5 * MINUTE })
  await t.wall.advance(HOUR)
  const run = await t.agent.next()
  run.say('so far')
  await t.wall.advance(5 * MINUTE)
  expect((await ended(t, job, 1))[0]).toMatchObject({ state: 'failed', error: { code: 'timeout' }, output: 'so far' })
})

test('the next time replaces a run that is not over, where the job says so', async () => {
  await using t = await openTestCron()
  t.cron.start()
  const job = await t.add('0 * * * *', { overlap: 'replace', timeoutMs: 10 * HOUR })
  await t.wall.advance(HOUR)
  await t.agent.next()
  await t.wall.advance(HOUR)
  ;(await t.agent.next()).say('second').finish()
  await ended(t, job, 2)
  expect(await t.history(job)).toEqual([
    [1, 'cancelled', 'replaced'],
    [2, 'completed'],
  ])
})

test('a job that is deleted ends what runs of it', async () => {
  await using t = await openTestCron()
  t.cron.start()
  const job = await t.add('0 1 * * *')
  await t.wall.advance(HOUR)
  const run = await t.agent.next()
  await t.stores.cron.remove(job.id, { all: true }, t.wall.now())
  await t.wall.advance(300)
  expect(await run.ended).toMatchObject({ code: 'job_deleted' })
})

test('a gateway that is stopped during a run says that it was interrupted, and that is no success', async () => {
  await using t = await openTestCron()
  t.cron.start()
  const job = await t.add('0 1 * * *')
  await t.wall.advance(HOUR)
  await t.agent.next()
  await t.turns.drain(0)
  expect((await ended(t, job, 1))[0]).toMatchObject({ state: 'failed', error: { code: 'gateway_shutdown' } })
})

test('a gateway that takes no more turns leaves the run in the queue, unharmed', async () => {
  await using t = await openTestCron({ agent: echoing() })
  const job = await t.add('0 1 * * *')
  const { admit } = t.turns
  let refusals = 0
  t.turns.admit = () => {
    refusals += 1
    if (refusals === 1) throw new ApiError('rate_limit_exceeded', 'Too many runs.')
    admit.call(t.turns)
  }
  t.cron.start()
  await t.wall.advance(HOUR)
  await until('refused', 2_000, () => refusals === 1)
  await until('in the queue', 2_000, async () => (await t.history(job))[0]?.[1] !== 'running')
  await t.wall.advance(5_000)
  expect((await ended(t, job, 1))[0]).toMatchObject({ state: 'completed', attempt: 1 })
})

test('a job of a zone that there is not any more holds up no other', async () => {
  await using t = await openTestCron({ agent: echoing() })
  const lost = await t.add('0 1 * * *')
  await t.stores.cron.update(lost.id, { all: true }, { timezone: 'Mars/Olympus' }, START)
  const job = await t.add('0 1 * * *')
  t.cron.start()
  await t.wall.advance(HOUR)
  await ended(t, job, 1)
  expect(await t.history(lost)).toEqual([])
})
