import type { CronJob } from '@talaria/db'
import { describe, expect, test } from 'vitest'
import { jitterOf } from './jitter.ts'
import { planFiring } from './plan-firing.ts'
import { planNext } from './plan-next.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Midnight. */
const START = Date.parse('2026-06-01T00:00:00Z')

function hourly(changes: Partial<CronJob> = {}): CronJob {
  const base = {
    id: 'job_1',
    schedules: [{ kind: 'cron', text: '@hourly', expression: '0 * * * *' }],
    timezone: 'UTC',
    jitterMs: 0,
    catchUp: 'one',
    maxLatenessMs: null,
    repeat: null,
    fired: 0,
    ...changes,
  } as CronJob
  return { ...base, ...planNext(base, { now: START }), ...changes }
}

const firedAt = (job: CronJob, now: number) =>
  planFiring(job, now).runs.map(({ slot, cause, missed, skipped }) =>
    [(slot - START) / HOUR, cause, missed, skipped?.code].filter((part) => part !== undefined),
  )

test('a time that comes on time is one run, and the next one is planned', () => {
  const now = START + HOUR + 20
  expect(firedAt(hourly(), now)).toEqual([[1, 'schedule', 0]])
  expect(planFiring(hourly(), now)).toMatchObject({ plannedAt: now, nextSlot: START + 2 * HOUR, nextDueAt: START + 2 * HOUR })
})

describe('after a gap of five hours and a half', () => {
  const now = START + 5.5 * HOUR

  test('one run stands for all times that were missed', () => {
    expect(firedAt(hourly(), now)).toEqual([[5, 'catch_up', 4]])
    expect(planFiring(hourly(), now).nextSlot).toBe(START + 6 * HOUR)
  })

  test('or each is run, the oldest first', () => {
    expect(firedAt(hourly({ catchUp: 'all' }), now)).toEqual([1, 2, 3, 4, 5].map((hour) => [hour, 'catch_up', 0]))
  })

  test('or none is, and the history says so', () => {
    expect(firedAt(hourly({ catchUp: 'skip' }), now)).toEqual([[5, 'catch_up', 4, 'missed']])
  })

  test('what is later than it may be is not run', () => {
    expect(firedAt(hourly({ maxLatenessMs: 10 * MINUTE }), now)).toEqual([[5, 'catch_up', 4, 'too_late']])
    expect(firedAt(hourly({ maxLatenessMs: 2 * HOUR, catchUp: 'all' }), now)).toEqual([
      [4, 'catch_up', 0],
      [5, 'catch_up', 0],
    ])
  })

  test('no more are made up for than the job may fire', () => {
    expect(firedAt(hourly({ catchUp: 'all', repeat: 10, fired: 7 }), now)).toEqual([1, 2, 3].map((hour) => [hour, 'catch_up', 0]))
  })
})

test('of times that were missed while one comes on time, that one is run', () => {
  expect(firedAt(hourly(), START + 3 * HOUR)).toEqual([[3, 'schedule', 2]])
  expect(firedAt(hourly({ catchUp: 'skip' }), START + 3 * HOUR)).toEqual([[3, 'schedule', 2]])
})

test('a clock that is put forward by three days means one run, of all policies at most a hundred, and it is quick', () => {
  const everySecond = { schedules: [{ kind: 'cron', text: '', expression: '* * * * * *' }] } as const
  const begun = performance.now()
  expect(firedAt(hourly(everySecond), START + 3 * DAY)).toHaveLength(1)
  expect(planFiring(hourly({ ...everySecond, catchUp: 'all' }), START + 3 * DAY).runs).toHaveLength(100)
  expect(performance.now() - begun).toBeLessThan(2_000)
})

test('a clock that is put back makes intervals begin anew, and times of day wait for their time', () => {
  const ahead = { ...planNext(hourly(), { now: START + 3 * DAY }) }
  expect(planFiring(hourly(ahead), START + 10 * MINUTE)).toMatchObject({ runs: [], nextSlot: START + HOUR, plannedAt: START + 10 * MINUTE })
  const interval = hourly({ ...ahead, schedules: [{ kind: 'every', text: 'every 5m', everyMs: 5 * MINUTE, anchor: START + 2 * DAY }] })
  expect(planFiring(interval, START + 17)).toMatchObject({ runs: [], nextSlot: START + 17 + 5 * MINUTE, schedules: [{ anchor: START + 17 }] })
})

test('jitter puts a time off by the same every time, within its bounds, and times differently', () => {
  const jitterMs = 10 * MINUTE
  const offsets = Array.from({ length: 50 }, (_, hour) => jitterOf('job_1', START + hour * HOUR, jitterMs))
  expect(Math.min(...offsets)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...offsets)).toBeLessThanOrEqual(jitterMs)
  expect(new Set(offsets).size).toBeGreaterThan(40)
  expect(jitterOf('job_1', START, jitterMs)).toBe(offsets[0])
  expect(jitterOf('job_2', START, jitterMs)).not.toBe(offsets[0])
  const job = hourly({ jitterMs })
  expect(job.nextDueAt).toBe(START + HOUR + offsets[1]!)
  // Due is what has come with its jitter, not what has come by the clock.
  expect(planFiring(job, job.nextDueAt!)).toMatchObject({ runs: [{ slot: START + HOUR, dueAt: job.nextDueAt }], nextSlot: START + 2 * HOUR })
})
