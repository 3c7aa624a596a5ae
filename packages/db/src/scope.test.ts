import type { Kysely } from 'kysely'
import { expect, test } from 'vitest'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { addNote, notesOf } from './testing/notes.ts'
import { openTestDatabase, type TestDatabase } from './testing/open-test-database.ts'
import { temporaryHome } from './testing/temporary-home.ts'
import type { TestTables } from './testing/test-schema.ts'

checkForLeaks()

const nestings: readonly [what: string, nest: (db: TestDatabase) => Promise<unknown>][] = [
  ['a read inside a read', ({ database }) => database.read(() => notesOf(database))],
  ['a write inside a read', ({ database }) => database.read(() => addNote(database, 'inner'))],
  ['a read inside a write', ({ database }) => database.write(() => notesOf(database))],
  ['a write inside a write', ({ database }) => database.write(() => addNote(database, 'inner'))],
  ['another database inside a write', (db) => db.database.write(() => addNote(db.at(`${db.file}.other.db`), 'inner'))],
  [
    'a write from something that was started inside a write and runs while it does',
    ({ database }) => database.write(async () => new Promise((resolve) => setImmediate(resolve)).then(() => addNote(database, 'inner'))),
  ],
  [
    '`transaction()` inside a write',
    ({ database }) =>
      database.write((tx) =>
        whole(tx)
          .transaction()
          .execute((inner) => inner.selectFrom('note').selectAll().execute()),
      ),
  ],
  [
    '`connection()` inside a write',
    ({ database }) =>
      database.write((tx) =>
        whole(tx)
          .connection()
          .execute((inner) => inner.selectFrom('note').selectAll().execute()),
      ),
  ],
  ['a cursor inside a read', ({ database }) => database.read(async (tx) => tx.selectFrom('note').selectAll().stream().next())],
]

/** Kysely's own driver waits for itself for ever in each of these. */
test.for(nestings)('%s is refused as NESTED at once, and the database works on', async ([, nest]) => {
  using home = temporaryHome()
  await using db = openTestDatabase({ file: home.file('test.db') })
  await addNote(db.database, 'first')
  await expect(nest(db)).rejects.toMatchObject({ code: 'NESTED' })
  await addNote(db.database, 'second')
  expect(await notesOf(db.database)).toEqual(['first', 'second'])
})

test('what was started inside a callback may use the database once the callback has ended', async () => {
  await using db = openTestDatabase()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  let later: Promise<void> | undefined
  await db.database.write(async (tx) => {
    await tx.insertInto('note').values({ text: 'inside', parent: null }).execute()
    later = ended.then(() => addNote(db.database, 'later'))
  })
  end()
  await later
  expect(await notesOf(db.database)).toEqual(['inside', 'later'])
})

test('callers that wait for each other’s callbacks are not nested', async () => {
  await using db = openTestDatabase()
  await Promise.all(Array.from({ length: 20 }, async (_, i) => (i % 2 ? addNote(db.database, String(i)) : notesOf(db.database))))
  expect(await notesOf(db.database)).toHaveLength(10)
})

test('a read sees one moment of the database, whatever is committed meanwhile', async () => {
  await using db = openTestDatabase()
  await addNote(db.database, 'first')
  const { promise: committed, resolve: onCommitted } = Promise.withResolvers<void>()
  const reading = db.database.read(async (tx) => {
    const before = await tx.selectFrom('note').select('text').execute()
    await committed
    return [before, await tx.selectFrom('note').select('text').execute()]
  })
  await addNote(db.database, 'second')
  onCommitted()
  expect(await reading).toEqual([[{ text: 'first' }], [{ text: 'first' }]])
})

test('a read cannot write, not even by SQL', async () => {
  await using db = openTestDatabase()
  await addNote(db.database, 'first')
  await expect(db.database.read((tx) => whole(tx).deleteFrom('note').execute())).rejects.toMatchObject({ code: 'READ_ONLY' })
  expect(await notesOf(db.database)).toEqual(['first'])
})

/** What is there at run time, though the types of a callback's argument do not say so. */
function whole(tx: unknown): Kysely<TestTables> {
  return tx as Kysely<TestTables>
}
