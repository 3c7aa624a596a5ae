import { getEventListeners } from 'node:events'
import { rmSync } from 'node:fs'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { ChangeFeed } from './change-feed.ts'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { addNote, notesOf } from './testing/notes.ts'
import { openTestDatabase, type TestDatabase } from './testing/open-test-database.ts'
import { startChild } from './testing/start-child.ts'
import { temporaryHome } from './testing/temporary-home.ts'

checkForLeaks()

test('a follower is told at once that it may look, and again at once after a commit of this process', async () => {
  await using db = openTestDatabase({ clock: new FakeClock() })
  await using follower = await follow(db)
  expect(await follower.told()).toBe(true)
  expect(await follower.told()).toBe(false)
  await addNote(db.database, 'first')
  expect(await follower.told()).toBe(true)
})

test('a commit of this process is told once, also when the next look at the file sees it', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock })
  await addNote(db.database, 'first')
  await using follower = await follow(db)
  await follower.told()
  await addNote(db.database, 'second')
  expect(await follower.told()).toBe(true)
  await clock.advance(1_000)
  expect(await follower.told()).toBe(false)
})

test('a commit of another process is told with the next look, 20 ms later at most', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock })
  await addNote(db.database, 'first')
  await using follower = await follow(db)
  await follower.told()
  expect(await startChild('writer', [db.file, JSON.stringify({ name: 'theirs', count: 3 })]).ended).toBe(0)
  expect(await follower.told()).toBe(false)
  await clock.advance(20)
  expect(await follower.told(), 'three commits are told as one').toBe(true)
  await clock.advance(1_000)
  expect(await follower.told()).toBe(false)
})

test('a service that only reads is told of commits of the one that writes', async () => {
  const clock = new FakeClock()
  using home = temporaryHome()
  const file = home.file('test.db')
  expect(await startChild('writer', [file, JSON.stringify({ name: 'before', count: 1 })]).ended).toBe(0)
  await using db = openTestDatabase({ file, clock, isOwner: false })
  await using follower = await follow(db)
  await follower.told()
  expect(await startChild('writer', [file, JSON.stringify({ name: 'theirs', count: 1 })]).ended).toBe(0)
  await clock.advance(20)
  expect(await follower.told()).toBe(true)
  expect(await notesOf(db.database)).toEqual(['before-0', 'theirs-0'])
})

test('a version is another one after each commit of this process or another, and the same until then', async () => {
  await using db = openTestDatabase({ clock: new FakeClock() })
  await addNote(db.database, 'first')
  const seen = [await db.database.version()]
  expect(await db.database.version()).toBe(seen[0])
  await addNote(db.database, 'second')
  seen.push(await db.database.version())
  await Promise.allSettled([addNote(db.database, 'second'), db.database.write(() => Promise.reject(new Error('no')))])
  expect(await db.database.version(), 'what was rolled back').toBe(seen[1])
  expect(await startChild('writer', [db.file, JSON.stringify({ name: 'theirs', count: 1 })]).ended).toBe(0)
  seen.push(await db.database.version())
  await db.close()
  await using again = openTestDatabase({ file: db.file, clock: new FakeClock() })
  await addNote(again.database, 'third')
  seen.push(await again.database.version())
  expect(new Set(seen).size, 'also of a later handle').toBe(4)
})

test('what is rolled back is not told, whoever did it', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock })
  await addNote(db.database, 'first')
  await using follower = await follow(db)
  await follower.told()
  await Promise.allSettled([addNote(db.database, 'first'), db.database.write(() => Promise.reject(new Error('no')))])
  await using holder = startChild('hold-lock', [db.file, '0'])
  await holder.ended
  await clock.advance(1_000)
  expect(await follower.told()).toBe(false)
})

test('commits that come while a follower is busy are told as one, and every follower is told', async () => {
  await using db = openTestDatabase({ clock: new FakeClock() })
  const stop = new AbortController()
  const followers = [db.database.changes(stop.signal), db.database.changes(stop.signal)]
  for (const follower of followers) await follower.next()
  for (let i = 0; i < 20; i++) await addNote(db.database, `note ${i}`)
  const seen: string[] = []
  for (const follower of followers) {
    await follower.next()
    seen.push('told')
    void follower.next().then(({ done }) => seen.push(done ? 'ended' : 'told again'))
  }
  await new Promise((resolve) => setImmediate(resolve))
  expect(seen).toEqual(['told', 'told'])
  await addNote(db.database, 'while both wait')
  await new Promise((resolve) => setImmediate(resolve))
  expect(seen).toEqual(['told', 'told', 'told again', 'told again'])
  stop.abort()
  for (const follower of followers) expect((await follower.next()).done).toBe(true)
})

test('what is committed while a follower reads is told when it has read', async () => {
  await using db = openTestDatabase({ clock: new FakeClock() })
  await using follower = await follow(db)
  await follower.told()
  expect(await notesOf(db.database)).toEqual([])
  await addNote(db.database, 'meanwhile')
  expect(await follower.told()).toBe(true)
})

test('where there is no database yet, a follower is told once it has appeared', async () => {
  const clock = new FakeClock()
  using home = temporaryHome()
  await using db = openTestDatabase({ file: home.file('test.db'), clock, isOwner: false })
  await using follower = await follow(db)
  await follower.told()
  await clock.advance(1_000)
  expect(await follower.told()).toBe(false)
  expect(await startChild('writer', [db.file, JSON.stringify({ name: 'theirs', count: 1 })]).ended).toBe(0)
  await clock.advance(250)
  expect(await follower.told()).toBe(true)
  expect(await notesOf(db.database)).toEqual(['theirs-0'])
})

test('a follower is told once that the database cannot be read any more, so that it finds out why', async () => {
  const clock = new FakeClock()
  using home = temporaryHome()
  await using db = openTestDatabase({ file: home.file('test.db'), clock })
  await addNote(db.database, 'first')
  await using follower = await follow(db)
  await follower.told()
  rmSync(db.file)
  await clock.advance(200)
  expect(await follower.told()).toBe(true)
  await clock.advance(2_000)
  expect(await follower.told()).toBe(false)
})

test('nothing is looked at, and no timer runs, while nobody follows', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock, lingerMs: 60_000 })
  await addNote(db.database, 'first')
  const linger = clock.sleeping
  for (let i = 0; i < 3; i++) {
    const one = await follow(db)
    const other = await follow(db)
    await clock.advance(0)
    expect(clock.sleeping, 'one timer for all followers').toBe(linger + 1)
    await one[Symbol.asyncDispose]()
    expect(clock.sleeping).toBe(linger + 1)
    await other[Symbol.asyncDispose]()
    await clock.advance(0)
    expect(clock.sleeping).toBe(linger)
  }
})

test('10,000 followers that come and go, by abort or by leaving the loop, leave nothing behind', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock })
  await addNote(db.database, 'first')
  const sleeping = clock.sleeping
  const longLived = new AbortController()
  for (let i = 0; i < 5_000; i++) {
    for await (const _ of db.database.changes(longLived.signal)) break
    const stop = new AbortController()
    const changes = db.database.changes(AbortSignal.any([stop.signal]))
    await changes.next()
    const waiting = changes.next()
    stop.abort()
    expect((await waiting).done).toBe(true)
  }
  await clock.advance(0)
  expect(getEventListeners(longLived.signal, 'abort')).toEqual([])
  expect(clock.sleeping).toBe(sleeping)
  expect(db.registry.handles[0]!.changes.followers).toBe(0)
  expect(db.registry.counts.opened).toBe(1)
})

test('an aborted signal follows nothing', async () => {
  await using db = openTestDatabase()
  expect(await db.database.changes(AbortSignal.abort()).next()).toEqual({ done: true, value: undefined })
  expect(db.registry.handles[0]!.connections).toEqual([])
})

test('who aborts is let go, even while the database cannot be opened', async () => {
  const feed = new ChangeFeed({ clock: new FakeClock(), version: () => new Promise(() => {}), onUnfollowed: () => {} })
  const stop = new AbortController()
  const first = feed.follow(stop.signal).next()
  stop.abort()
  expect((await first).done).toBe(true)
  expect(feed.followers).toBe(0)
})

test('closing the databases ends every follower', async () => {
  const db = openTestDatabase()
  const changes = db.database.changes(new AbortController().signal)
  await changes.next()
  const waiting = changes.next()
  expect(await db.close()).toEqual([])
  expect((await waiting).done).toBe(true)
})

/** Follows a database; `told()` says whether there was news since the last call, without waiting for any. */
async function follow(db: TestDatabase): Promise<AsyncDisposable & { told(): Promise<boolean> }> {
  const stop = new AbortController()
  let news = 0
  const begun = Promise.withResolvers<void>()
  const following = (async () => {
    for await (const _ of db.database.changes(stop.signal)) {
      news++
      begun.resolve()
    }
  })()
  await begun.promise
  return {
    async told() {
      // A look that is under way is waited for.
      for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve))
      expect(news, 'times told').toBeLessThanOrEqual(1)
      const told = news > 0
      news = 0
      return told
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await following
    },
  }
}
