import { FakeClock } from '@talaria/core/testing'
import type { TurnEvent } from '@talaria/db'
import { expect, test } from 'vitest'
import { Journal } from './journal.ts'

const event = (turnId: string, seq: number): TurnEvent => ({ turnId, seq, type: 'text.delta', data: {}, createdAt: 0 })
const nameOf = ({ turnId, seq }: TurnEvent) => `${turnId}${seq}`

/** A journal over a list, with the names of what was written, flush by flush. */
function openJournal(append: (flush: readonly string[]) => Promise<void> = async () => {}) {
  const clock = new FakeClock()
  const flushes: string[][] = []
  const told: string[] = []
  const errors: unknown[] = []
  const journal = new Journal({
    clock,
    onError: (error) => errors.push(error),
    append: async (events) => {
      await append(events.map(nameOf))
      flushes.push(events.map(nameOf))
    },
  })
  const add = (turnId: string, ...seqs: readonly number[]) => seqs.forEach((seq) => journal.add(event(turnId, seq), () => told.push(`${turnId}${seq}`)))
  return { clock, journal, flushes, told, errors, add }
}

test('events of all turns that come together are written together, each told once it is', async () => {
  const { clock, add, flushes, told } = openJournal()
  add('a', 1, 2)
  add('b', 1)
  await clock.advance(0)
  expect(flushes).toEqual([['a1', 'a2', 'b1']])
  expect(told).toEqual(['a1', 'a2', 'b1'])
})

test('what comes while a flush is under way goes with the next one, and that not at once', async () => {
  const { clock, add, flushes } = openJournal()
  add('a', 1)
  await clock.advance(0)
  add('a', 2)
  await clock.advance(4)
  add('b', 1)
  expect(flushes).toHaveLength(1)
  await clock.advance(6)
  expect(flushes[1]).toEqual(['a2', 'b1'])
})

test('the longer a flush takes, the longer the next one is put off, up to a bound', async () => {
  const took = { ms: 8 }
  const { clock, add, flushes } = openJournal(() => clock.delay(took.ms))
  for (const [ms, nextAfterMs] of [
    [8, 32],
    [3_000, 3_000],
  ] as const) {
    took.ms = ms
    const before = flushes.length
    add('a', 1)
    await clock.advance(ms)
    expect(flushes).toHaveLength(before + 1)
    took.ms = 0
    add('a', 2)
    await clock.advance(nextAfterMs - ms - 1)
    expect(flushes).toHaveLength(before + 1)
    await clock.advance(1)
    expect(flushes).toHaveLength(before + 2)
    await clock.advance(1_000)
  }
})

test('after a flush that failed nothing overtakes what was in it', async () => {
  const full = Promise.withResolvers<void>()
  let isFull = true
  const { clock, add, flushes, told, errors } = openJournal(() => (isFull ? full.promise : Promise.resolve()))
  add('a', 1, 2)
  await clock.advance(0)
  add('a', 3)
  full.reject(new Error('full'))
  await clock.advance(500)
  expect([flushes, told, errors.length]).toEqual([[], [], 1])
  isFull = false
  await clock.advance(500)
  expect(flushes).toEqual([['a1', 'a2', 'a3']])
  expect(told).toEqual(['a1', 'a2', 'a3'])
})

test('what a turn has released is not written, neither what waits nor what has just failed', async () => {
  const failing = Promise.withResolvers<void>()
  let attempts = 0
  const { clock, journal, add, flushes } = openJournal(() => (++attempts === 1 ? failing.promise : Promise.resolve()))
  add('a', 1)
  add('b', 1)
  await clock.advance(0)
  add('a', 2)
  let isReleased = false
  const released = journal.release('a').then(() => (isReleased = true))
  await clock.advance(0)
  expect(isReleased).toBe(false)
  failing.reject(new Error('full'))
  await released
  await clock.advance(1_000)
  expect(flushes).toEqual([['b1']])
})

test('a journal at rest holds no timer', async () => {
  const { clock, add } = openJournal()
  add('a', 1)
  await clock.advance(0)
  add('a', 2)
  await clock.advance(20)
  expect(clock.sleeping).toBe(0)
})
