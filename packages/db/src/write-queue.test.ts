import type { Clock } from '@talaria/core'
import { systemClock } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Transaction } from './scope.ts'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { addNote, notesOf } from './testing/notes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'
import { rejectionOf } from './testing/rejection-of.ts'
import type { TestTables } from './testing/test-schema.ts'

checkForLeaks()

type Tx = Transaction<TestTables>

const insert = (tx: Tx, text: string, parent: number | null = null) => tx.insertInto('note').values({ text, parent }).execute()

test('writes that come together share one commit, in the order in which they were asked for', async () => {
  await using db = openTestDatabase({ clock: new FakeClock() })
  await addNote(db.database, 'first')
  const { commits } = db.registry.counts
  const texts = Array.from({ length: 64 }, (_, i) => `note ${i}`)
  await Promise.all(texts.map((text) => addNote(db.database, text)))
  expect(db.registry.counts.commits - commits).toBe(1)
  expect(db.registry.counts.writes).toBe(65)
  expect(await notesOf(db.database)).toEqual(['first', ...texts])
})

test('writes asked for while a batch commits make up the next one', async () => {
  await using db = openTestDatabase({ clock: new FakeClock() })
  await addNote(db.database, 'first')
  const { commits } = db.registry.counts
  const chains = Array.from({ length: 10 }, async (_, chain) => {
    for (let i = 0; i < 5; i++) await addNote(db.database, `${chain} ${i}`)
  })
  await Promise.all(chains)
  expect(db.registry.counts.commits - commits).toBe(5)
})

test('a batch that takes long commits what it has, and the rest goes into the next', async () => {
  await using db = openTestDatabase({ clock: clockOfSteps(5) })
  await addNote(db.database, 'first')
  const { commits } = db.registry.counts
  await Promise.all(Array.from({ length: 9 }, (_, i) => addNote(db.database, `note ${i}`)))
  expect(db.registry.counts.commits - commits).toBeGreaterThan(3)
  expect(await notesOf(db.database)).toEqual(['first', ...Array.from({ length: 9 }, (_, i) => `note ${i}`)])
})

test('a callback that fails takes back its own rows and nobody else’s', async () => {
  await using db = openTestDatabase()
  const results = await Promise.allSettled([
    addNote(db.database, 'before'),
    db.database.write(async (tx) => {
      await insert(tx, 'mine')
      throw new Error('changed my mind')
    }),
    addNote(db.database, 'after'),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(results[1]).toMatchObject({ reason: { message: 'changed my mind' } })
  expect(await notesOf(db.database)).toEqual(['before', 'after'])
})

test.for([
  ['unique', (tx: Tx) => insert(tx, 'taken')],
  ['foreign-key', (tx: Tx) => insert(tx, 'orphan', 4_711)],
  ['check', (tx: Tx) => insert(tx, '')],
] as const)('a row that violates a %s constraint is refused as CONSTRAINT, alone and at once', async ([, write]) => {
  await using db = openTestDatabase()
  await addNote(db.database, 'taken')
  const [refused] = await Promise.allSettled([db.database.write(write), addNote(db.database, 'neighbour')])
  expect(refused).toMatchObject({
    status: 'rejected',
    reason: { name: 'DatabaseError', code: 'CONSTRAINT', message: expect.stringContaining(db.file) as string },
  })
  expect(await notesOf(db.database)).toEqual(['taken', 'neighbour'])
})

test('a callback may catch a violated constraint and go on', async () => {
  await using db = openTestDatabase()
  await addNote(db.database, 'taken')
  await db.database.write(async (tx) => {
    await insert(tx, 'taken').catch(() => insert(tx, 'instead'))
  })
  expect(await notesOf(db.database)).toEqual(['taken', 'instead'])
})

test('a batch of which nothing is left commits nothing', async () => {
  await using db = openTestDatabase()
  await addNote(db.database, 'first')
  const before = { ...db.registry.counts }
  await Promise.allSettled([db.database.write(() => Promise.reject(new Error('no')))])
  expect(db.registry.counts).toEqual(before)
})

test('a full disk in the middle of a batch refuses the culprit; those before and after it are written', async () => {
  await using db = openTestDatabase({ clock: new FakeClock() })
  await limitSize(db.database)
  const { commits } = db.registry.counts
  const runs: string[] = []
  const write = (text: string) =>
    db.database.write(async (tx) => {
      runs.push(text.slice(0, 6))
      await insert(tx, text)
    })
  const results = await Promise.allSettled([write('before'), write(LARGE), write('after')])
  expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'DISK_FULL' } }, { status: 'fulfilled' }])
  expect(runs, 'what had succeeded in the lost transaction runs again').toEqual(['before', LARGE.slice(0, 6), 'before', 'after'])
  expect(db.registry.counts.commits - commits).toBe(1)
  expect(await notesOf(db.database)).toEqual(['before', 'after'])
})

test('a callback that swallows the error which ended its transaction is not acknowledged', async () => {
  await using db = openTestDatabase()
  await limitSize(db.database)
  const swallow = async (tx: Tx) => {
    await insert(tx, 'lost with it')
    await insert(tx, LARGE).catch(() => {})
    return 'all is well'
  }
  const results = await Promise.allSettled([addNote(db.database, 'neighbour'), db.database.write(swallow)])
  expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'DISK_FULL' } }])
  expect(await notesOf(db.database)).toEqual(['neighbour'])
})

test('a callback that goes on after its transaction was ended writes nothing into the next one', async () => {
  await using db = openTestDatabase()
  await limitSize(db.database)
  const stubborn = async (tx: Tx) => {
    await insert(tx, LARGE).catch(() => {})
    await insert(tx, 'too late')
  }
  await expect(db.database.write(stubborn)).rejects.toMatchObject({ code: 'DISK_FULL' })
  await addNote(db.database, 'next')
  expect(await notesOf(db.database)).toEqual(['next'])
})

test('one whose transaction is lost twice gets the error, and is not run a third time', async () => {
  await using db = openTestDatabase({ clock: new FakeClock() })
  await limitSize(db.database)
  let runs = 0
  const unlucky = db.database.write(async (tx) => {
    runs++
    await insert(tx, 'unlucky')
  })
  const results = await Promise.allSettled([unlucky, addNote(db.database, LARGE), addNote(db.database, LARGE), addNote(db.database, 'last')])
  expect(results).toMatchObject([
    { reason: { code: 'DISK_FULL' } },
    { reason: { code: 'DISK_FULL' } },
    { reason: { code: 'DISK_FULL' } },
    { status: 'fulfilled' },
  ])
  expect(runs).toBe(2)
  expect(await notesOf(db.database)).toEqual(['last'])
})

test('a callback that awaits something else for too long is rolled back alone, and cannot write any more', async () => {
  const clock = new FakeClock()
  await using db = openTestDatabase({ clock })
  await addNote(db.database, 'first')
  const { promise: release, resolve: finish } = Promise.withResolvers<void>()
  const { promise: lateEnd, resolve: onLateEnd } = Promise.withResolvers<unknown>()
  const slow = db.database.write(async (tx) => {
    await insert(tx, 'slow')
    await release
    await insert(tx, 'late').catch(onLateEnd)
  })
  const overrun = rejectionOf(slow)
  const neighbours = Promise.all([addNote(db.database, 'neighbour'), addNote(db.database, 'another')])
  // Its deadline begins once the event loop has turned under it.
  for (let turns = 0; turns < 5; turns++) await clock.advance(0)
  await clock.advance(4_999)
  expect(db.registry.handles[0]!.queuedWrites).toBe(3)
  await clock.advance(1)
  expect(await overrun).toMatchObject({ code: 'OVERRUN' })
  await neighbours
  finish()
  expect(await lateEnd).toMatchObject({ code: 'CLOSED' })
  expect(await notesOf(db.database)).toEqual(['first', 'neighbour', 'another'])
})

test('a query that is not awaited inside its callback is refused, not run in somebody else’s transaction', async () => {
  await using db = openTestDatabase()
  let late: Promise<unknown> | undefined
  let leaked: Tx | undefined
  await db.database.write(async (tx) => {
    leaked = tx
    late = new Promise((resolve) => setImmediate(resolve)).then(() => insert(tx, 'late'))
    late.catch(() => {})
  })
  await expect(late).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(db.database.write(() => insert(leaked!, 'through another’s'))).rejects.toMatchObject({ code: 'CLOSED' })
  expect(await notesOf(db.database)).toEqual([])
})

test('a write is seen by every read that begins after it was acknowledged', async () => {
  await using db = openTestDatabase()
  for (let i = 0; i < 20; i++) {
    await addNote(db.database, `note ${i}`)
    expect(await notesOf(db.database)).toHaveLength(i + 1)
  }
})

test('what a callback returns is what the write resolves to', async () => {
  await using db = openTestDatabase()
  const id = await db.database.write(
    async (tx) => (await tx.insertInto('note').values({ text: 'x', parent: null }).returning('id').executeTakeFirstOrThrow()).id,
  )
  expect(id).toBe(1)
  expect(await db.database.write(async () => undefined)).toBeUndefined()
})

/** More than {@link limitSize} leaves room for. */
const LARGE = 'large '.repeat(100_000)

/** Has SQLite say that the disk is full when the file would become larger than 200 KB. */
async function limitSize(database: { write: (callback: (tx: Tx) => Promise<unknown>) => Promise<unknown> }): Promise<void> {
  await database.write((tx) => sql`pragma max_page_count = 50`.execute(tx))
}

/** A clock whose every look is so much later than the one before. */
function clockOfSteps(stepMs: number): Clock {
  let now = 0
  return { ...systemClock, monotonic: () => (now += stepMs) }
}
