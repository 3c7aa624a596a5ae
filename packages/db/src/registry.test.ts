import { mkdirSync, symlinkSync } from 'node:fs'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { FILES_PER_DATABASE } from './databases.ts'
import { DatabaseError } from './errors.ts'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { filesOpen } from './testing/files-open.ts'
import { addNote, notesOf } from './testing/notes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'
import { rejectionOf } from './testing/rejection-of.ts'
import { temporaryHome } from './testing/temporary-home.ts'

checkForLeaks()

test('two spellings and a symlink of one path are one handle', async () => {
  using home = temporaryHome()
  mkdirSync(home.file('boards'))
  await using db = openTestDatabase({ file: home.file('boards/one.db') })
  await addNote(db.database, 'first')
  symlinkSync(home.file('boards'), home.file('linked-folder'))
  symlinkSync(home.file('boards/one.db'), home.file('linked.db'))
  for (const spelling of ['boards/../boards/./one.db', 'linked-folder/one.db', 'linked.db']) await addNote(db.at(`${home.path}/${spelling}`), spelling)
  expect(db.registry.handles.map((handle) => handle.file)).toEqual([home.file('boards/one.db')])
  expect(await notesOf(db.database)).toHaveLength(4)
})

test('a symlink to a database that does not exist yet is that database', async () => {
  using home = temporaryHome()
  mkdirSync(home.file('elsewhere'))
  symlinkSync('elsewhere/real.db', home.file('link.db'))
  await using db = openTestDatabase({ file: home.file('link.db') })
  await addNote(db.database, 'through the link')
  expect(await notesOf(db.at(home.file('elsewhere/real.db')))).toHaveLength(1)
  expect(db.registry.handles).toHaveLength(1)
})

test('one holder finishing does not close the handle under another', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock, lingerMs: 1_000 })
  await addNote(db.database, 'before')
  const { promise: release, resolve: finish } = Promise.withResolvers<void>()
  const longRead = db.database.read(async (tx) => {
    await release
    return tx.selectFrom('note').selectAll().execute()
  })
  await addNote(db.database, 'short')
  await clock.advance(3_000)
  finish()
  expect(await longRead).toHaveLength(1)
})

test('a lease is counted before anything is awaited, and giving it back twice is giving it back once', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock })
  const reading = notesOf(db.database)
  const { leases } = db.registry.handles[0]!
  expect(leases.size).toBe(1)
  const [first] = leases
  const { lease: second } = db.registry.borrow(db.place, 'read')
  second.release()
  second.release()
  expect([...leases]).toEqual([first])
  await reading
  expect(leases.size).toBe(0)
  const { idleSince } = db.registry.handles[0]!
  await clock.advance(10)
  second.release()
  expect(db.registry.handles[0]!.idleSince, 'it has been idle since the lease first came back').toBe(idleSince)
})

test('a database that nobody uses is closed after the linger time, and opens again when it is used', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock, lingerMs: 60_000 })
  for (const text of ['once', 'again']) {
    await addNote(db.database, text)
    await notesOf(db.database)
    expect(await filesOpen(db.file)).toHaveLength(FILES_PER_DATABASE)
    await clock.advance(120_000)
    expect(await filesOpen(db.file)).toEqual([])
    expect(db.registry.handles).toEqual([])
  }
  expect(clock.sleeping).toBe(0)
  expect(await notesOf(db.database)).toHaveLength(2)
})

test('a database that was opened only to follow it is closed after the linger time as well', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock, lingerMs: 60_000 })
  const stop = new AbortController()
  const changes = db.database.changes(stop.signal)
  await changes.next()
  await clock.advance(180_000)
  expect(await filesOpen(db.file), 'somebody follows').not.toEqual([])
  stop.abort()
  await changes.next()
  await clock.advance(180_000)
  expect(await filesOpen(db.file)).toEqual([])
})

test('a database that is used again and again stays open, whatever the linger time', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock, lingerMs: 1_000 })
  for (let i = 0; i < 10; i++) {
    await addNote(db.database, String(i))
    await clock.advance(600)
  }
  expect(db.registry.counts.opened).toBe(1)
})

test('the database that has been idle for longest makes room for another', async () => {
  using home = temporaryHome()
  const clock = new FakeClock()
  await using db = openTestDatabase({ file: home.file('a.db'), clock, maxDatabases: 3 })
  for (const name of ['a.db', 'b.db', 'c.db', 'a.db', 'd.db']) {
    await addNote(db.at(home.file(name)), `${name} ${clock.now()}`)
    await clock.advance(10)
  }
  expect(db.registry.handles.map((handle) => handle.file.slice(home.path.length + 1)).toSorted()).toEqual(['a.db', 'c.db', 'd.db'])
  expect(db.registry.counts).toMatchObject({ opened: 4, evicted: 1 })
})

test('when every open database is in use or followed, one more is refused and none is closed', async () => {
  using home = temporaryHome()
  await using db = openTestDatabase({ file: home.file('used.db'), maxDatabases: 2 })
  const { promise: release, resolve: finish } = Promise.withResolvers<void>()
  const using = db.database.read(() => release)
  const stop = new AbortController()
  const followed = db.at(home.file('followed.db'))
  const changes = followed.changes(stop.signal)
  await changes.next()
  await expect(addNote(db.at(home.file('third.db')), 'x')).rejects.toMatchObject({ code: 'TOO_MANY_OPEN' })
  finish()
  await using
  await addNote(db.at(home.file('third.db')), 'there is room now')
  expect(db.registry.handles.map((handle) => handle.file)).toEqual([home.file('followed.db'), home.file('third.db')])
  stop.abort()
  await changes.next()
})

test('a storm over 200 databases never has more files open than its bound', async () => {
  using home = temporaryHome()
  await using db = openTestDatabase({ file: home.file('0.db'), maxDatabases: 10 })
  let most = 0
  let refused = 0
  const touch = async (i: number) => {
    try {
      await addNote(db.at(home.file(`${i}.db`)), `note ${i}`)
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== 'TOO_MANY_OPEN') throw error
      refused++
    }
    most = Math.max(most, (await filesOpen(home.path)).length)
  }
  for (let i = 0; i < 200; i += 25) await Promise.all(Array.from({ length: 25 }, (_, n) => touch(i + n)))
  expect(refused, 'of 25 at once only 10 fit').toBeGreaterThan(0)
  expect(most).toBeGreaterThan(10)
  expect(most).toBeLessThanOrEqual(10 * FILES_PER_DATABASE)
  expect(db.registry.handles).toHaveLength(10)
})

test('fifty first uses at once open one reader and one writer', async () => {
  await using db = openTestDatabase()
  await Promise.all(Array.from({ length: 50 }, (_, i) => (i % 2 ? addNote(db.database, String(i)) : notesOf(db.database))))
  expect(db.registry.handles[0]!.connections.map(({ role }) => role)).toEqual(['reader', 'writer'])
  expect(await filesOpen(db.file)).toHaveLength(FILES_PER_DATABASE)
})

/** @see https://github.com/NousResearch/hermes-agent/issues/30799 */
test('10,000 ticks over ten databases open nothing: the files are a constant of the configuration', async () => {
  using home = temporaryHome()
  await using db = openTestDatabase({ file: home.file('0.db'), maxDatabases: 10 })
  const boards = Array.from({ length: 10 }, (_, i) => db.at(home.file(`${i}.db`)))
  for (const board of boards) {
    await addNote(board, 'first')
    await notesOf(board)
  }
  const constant = await filesOpen(home.path)
  expect(constant).toHaveLength(10 * FILES_PER_DATABASE)
  for (let ticks = 0; ticks < 10_000; ticks += 1_000) {
    const looks = boards.flatMap((board) => Array.from({ length: 90 }, () => board.read((db) => db.selectFrom('note').select('id').limit(1).execute())))
    const writes = boards.flatMap((board) => Array.from({ length: 10 }, (_, i) => addNote(board, `tick ${ticks + i}`)))
    await Promise.all([...looks, ...writes])
    expect(await filesOpen(home.path)).toEqual(constant)
  }
  expect(db.registry.counts.opened).toBe(10)
})

test('a failing callback gives its lease back', async () => {
  await using db = openTestDatabase()
  const fail = () => Promise.reject(new Error('mine'))
  await expect(db.database.read(fail)).rejects.toThrow('mine')
  await expect(db.database.write(fail)).rejects.toThrow('mine')
  expect(db.registry.handles[0]!.leases.size).toBe(0)
})

test('one file cannot be two kinds of database at once', async () => {
  await using db = openTestDatabase()
  await addNote(db.database, 'first')
  const other = { ...db.place, schema: { name: 'other', migrations: [] } }
  expect(() => db.registry.borrow(other, 'read')).toThrow(expect.objectContaining({ code: 'WRONG_SCHEMA' }))
})

test('closing waits for the leases that are out, and refuses new ones meanwhile', async () => {
  const db = openTestDatabase()
  await using _ = db
  await addNote(db.database, 'first')
  const { promise: release, resolve: finish } = Promise.withResolvers<void>()
  const reading = db.database.read(async (tx) => {
    await release
    return tx.selectFrom('note').select('text').execute()
  })
  const closing = db.close()
  await expect(notesOf(db.database)).rejects.toMatchObject({ code: 'CLOSED' })
  finish()
  expect(await reading).toEqual([{ text: 'first' }])
  expect(await closing).toEqual([])
})

test('a lease that is not given back is reported with where it was taken, and everything is closed all the same', async () => {
  using home = temporaryHome()
  const clock = new FakeClock()
  const db = openTestDatabase({ file: home.file('a.db'), clock, graceMs: 5_000 })
  await addNote(db.at(home.file('b.db')), 'innocent')
  const abandoned = rejectionOf(db.database.write(() => new Promise(() => {})))
  await clock.advance(1_000)
  const closing = db.close()
  await clock.advance(4_999)
  expect(await filesOpen(home.file('a.db'))).not.toEqual([])
  await clock.advance(1)
  const errors = (await closing) as readonly Error[]
  expect(errors.map(String)).toEqual([expect.stringMatching(/a\.db: a write lease was still out after 6000 ms, taken\nat .*registry\.test\.ts/)])
  expect(await filesOpen(home.path)).toEqual([])
  await clock.advance(5_000)
  expect(await abandoned).toMatchObject({ code: 'OVERRUN' })
})

test('a callback that is still running when its database is closed gets CLOSED, not a crash', async () => {
  const clock = new FakeClock()
  const db = openTestDatabase({ clock, graceMs: 1_000 })
  const { promise: release, resolve: finish } = Promise.withResolvers<void>()
  const late = db.database.read(async (tx) => {
    await release
    return tx.selectFrom('note').selectAll().execute()
  })
  const refused = rejectionOf(late)
  await clock.advance(0)
  const closing = db.close()
  await clock.advance(1_000)
  expect(await closing).toHaveLength(1)
  finish()
  expect(await refused).toMatchObject({ code: 'CLOSED' })
})

test('a store outlives its databases, and says so when it is used', async () => {
  const db = openTestDatabase()
  await addNote(db.database, 'first')
  await db.close()
  await expect(notesOf(db.database)).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(addNote(db.database, 'second')).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(db.database.changes(AbortSignal.timeout(1_000)).next()).rejects.toMatchObject({ code: 'CLOSED' })
})
