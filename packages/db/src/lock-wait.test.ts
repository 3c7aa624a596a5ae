import { FakeClock } from '@talaria/core/testing'
import { systemClock } from '@talaria/core'
import { expect, test } from 'vitest'
import { untilUnlocked } from './lock-wait.ts'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { addNote, notesOf } from './testing/notes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'
import { rejectionOf } from './testing/rejection-of.ts'
import { startChild } from './testing/start-child.ts'

checkForLeaks()

const HELD_MS = 3_000
const BEAT_MS = 20

/** With a `busy_timeout` SQLite sleeps in the main thread, and not one beat comes. */
test('while another process holds the lock for 3 s the event loop turns, reads are answered, and the write succeeds afterwards', async () => {
  await using db = openTestDatabase()
  await addNote(db.database, 'first')
  await using holder = startChild('hold-lock', [db.file, String(HELD_MS)])
  await holder.printed('locked')
  let beats = 0
  const heart = setInterval(() => beats++, BEAT_MS)
  const begun = performance.now()
  const writing = addNote(db.database, 'second')
  const readInTime = await notesOf(db.database)
  const readMs = performance.now() - begun
  await writing
  const waitedMs = performance.now() - begun
  clearInterval(heart)
  expect(readInTime).toEqual(['first'])
  expect(readMs).toBeLessThan(waitedMs / 2)
  expect(waitedMs).toBeGreaterThan(HELD_MS / 2)
  expect(beats).toBeGreaterThan(((waitedMs / BEAT_MS) * 2) / 3)
  expect(await notesOf(db.database)).toEqual(['first', 'second'])
})

test('a lock that is held for longer than the budget is BUSY, for all that waited, and the next write succeeds', async () => {
  await using db = openTestDatabase({ lockBudgetMs: 200 })
  await addNote(db.database, 'first')
  await using holder = startChild('hold-lock', [db.file, '60000'])
  await holder.printed('locked')
  const begun = performance.now()
  const results = await Promise.allSettled([addNote(db.database, 'a'), addNote(db.database, 'b')])
  expect(performance.now() - begun).toBeGreaterThan(199)
  expect(results).toMatchObject([{ reason: { code: 'BUSY', message: expect.stringContaining(db.file) as string } }, { reason: { code: 'BUSY' } }])
  holder.kill('SIGKILL')
  await holder.ended
  await addNote(db.database, 'second')
  expect(await notesOf(db.database)).toEqual(['first', 'second'])
})

test('two processes that write one file at the same time lose nothing and double nothing', async () => {
  await using db = openTestDatabase()
  await addNote(db.database, 'first')
  await using child = startChild('writer', [db.file, JSON.stringify({ name: 'theirs', count: 300, concurrency: 4 })])
  await child.printed('acked')
  const mine = Array.from({ length: 300 }, (_, i) => `mine-${i}`)
  for (let i = 0; i < mine.length; i += 10) await Promise.all(mine.slice(i, i + 10).map((text) => addNote(db.database, text)))
  expect(await child.ended).toBe(0)
  const theirs = Array.from({ length: 300 }, (_, i) => `theirs-${i}`)
  expect(child.lines.filter((line) => line.startsWith('failed'))).toEqual([])
  expect((await notesOf(db.database)).toSorted()).toEqual(['first', ...mine, ...theirs].toSorted())
})

test('it gives up by time, not by tries: many quick ones fit into the budget, and few slow ones', async () => {
  const clock = new FakeClock()
  let quickTries = 0
  const quick = untilUnlocked(() => busy(() => quickTries++), { clock, budgetMs: 20_000 })
  const gaveUp = rejectionOf(quick)
  await clock.advance(19_900)
  expect(quickTries).toBeGreaterThan(200)
  expect(clock.sleeping, 'it still waits').toBe(1)
  await clock.advance(200)
  expect(await gaveUp).toMatchObject({ code: 'SQLITE_BUSY_SNAPSHOT' })

  const slow = new FakeClock()
  let slowTries = 0
  const slowly = untilUnlocked(() => busy(() => slowTries++), { clock: { ...clockOf(slow), monotonic: () => slowTries * 8_000 }, budgetMs: 20_000 })
  const gaveUpToo = rejectionOf(slowly)
  await slow.advance(1_000)
  expect(await gaveUpToo).toMatchObject({ code: 'SQLITE_BUSY_SNAPSHOT' })
  expect(slowTries).toBe(3)
})

test('a lock that comes free is taken at the next try, and what is no lock is not waited for', async () => {
  let tries = 0
  const attempt = () => (++tries < 5 ? busy() : 'mine')
  expect(await untilUnlocked(attempt, { clock: systemClock })).toBe('mine')
  const fail = () => {
    throw Object.assign(new Error('disk full'), { code: 'SQLITE_FULL' })
  }
  await expect(untilUnlocked(fail, { clock: new FakeClock() })).rejects.toThrow('disk full')
})

test('whoever is not needed any more stops waiting', async () => {
  const clock = new FakeClock()
  const stop = new AbortController()
  const waiting = untilUnlocked(() => busy(), { clock, signal: stop.signal })
  stop.abort(new Error('not needed'))
  await expect(waiting).rejects.toThrow('not needed')
  expect(clock.sleeping).toBe(0)
})

function busy(onTry?: () => void): never {
  onTry?.()
  throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY_SNAPSHOT' })
}

function clockOf(clock: FakeClock) {
  return { now: () => clock.now(), delay: (ms: number, signal?: AbortSignal) => clock.delay(ms, signal) }
}
