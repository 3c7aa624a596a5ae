import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { filesOpen } from './testing/files-open.ts'
import { addNote, notesOf } from './testing/notes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'
import { rowsOf } from './testing/rows-of.ts'
import { startChild } from './testing/start-child.ts'
import { temporaryHome } from './testing/temporary-home.ts'
import { testSchema } from './testing/test-schema.ts'

checkForLeaks()

const newer = { name: 'test', migrations: [...testSchema.migrations, { name: '0002-stars', sqlite: ['alter table note add column stars integer'] }] }

/** Kysely's own migrator fails in half of such rounds. */
test('eight processes that start at once on a new file all find it migrated, once', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  const startFile = home.file('start')
  const children = Array.from({ length: 8 }, (_, i) => startChild('writer', [file, JSON.stringify({ name: `process-${i}`, count: 1, startFile })]))
  await Promise.all(children.map((child) => child.printed('ready')))
  writeFileSync(startFile, '')
  expect(await Promise.all(children.map((child) => child.ended))).toEqual(Array.from({ length: 8 }, () => 0))
  expect(children.map((child) => child.lines)).toEqual(children.map((_, i) => ['ready', `acked process-${i}-0`]))
  await using db = openTestDatabase({ file })
  expect(await notesOf(db.database)).toHaveLength(8)
  expect(rowsOf(file, 'select name, version from schema_version')).toEqual([{ name: 'test', version: 1 }])
})

test('a newer program migrates what an older one made, and keeps what is in it', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await make(file)
  await using db = openTestDatabase({ file, schema: newer })
  expect(await notesOf(db.database)).toEqual(['kept'])
  expect(rowsOf(file, 'select stars from note')).toEqual([{ stars: null }])
})

test('a reader does not migrate: it says SCHEMA_TOO_OLD until the owner has, and then reads', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await make(file)
  await using reader = openTestDatabase({ file, schema: newer, isOwner: false })
  await expect(notesOf(reader.database)).rejects.toMatchObject({ code: 'SCHEMA_TOO_OLD', details: { version: 1, known: 2 } })
  await using owner = openTestDatabase({ file, schema: newer })
  await addNote(owner.database, 'migrated')
  expect(await notesOf(reader.database)).toEqual(['kept', 'migrated'])
})

test('an older program refuses what a newer one migrated, and leaves every byte of it as it was', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await make(file, newer)
  leaveWal(file)
  copyFileSync(file, home.file('before.db'))
  await using older = openTestDatabase({ file })
  await expect(addNote(older.database, 'x')).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW', details: { version: 2, known: 1 } })
  await expect(notesOf(older.database)).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW' })
  expect(readFileSync(file)).toEqual(readFileSync(home.file('before.db')))
  expect(await filesOpen(home.path)).toEqual([])
})

test.for<readonly [string, string]>([
  ["another program's database", 'create table bookmarks (url text)'],
  [
    'a database of ours of another kind',
    "create table schema_version (name text, version integer, migrated_at integer); insert into schema_version values ('webui', 1, 0)",
  ],
])('%s is refused as WRONG_SCHEMA, and every byte of it stays as it was', async ([, sql]) => {
  using home = temporaryHome()
  const file = home.file('test.db')
  const foreign = new Database(file)
  foreign.exec(sql)
  foreign.close()
  copyFileSync(file, home.file('before.db'))
  await using db = openTestDatabase({ file })
  await expect(addNote(db.database, 'x')).rejects.toMatchObject({ code: 'WRONG_SCHEMA', message: expect.stringContaining(file) as string })
  await expect(notesOf(db.database)).rejects.toMatchObject({ code: 'WRONG_SCHEMA' })
  expect(readFileSync(file)).toEqual(readFileSync(home.file('before.db')))
})

test('of a migration that fails nothing is left, and the database goes on as it was', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await make(file)
  const broken = {
    name: 'test',
    migrations: [...newer.migrations, { name: '0003', sqlite: ["insert into note (text) values ('half')", 'create table note (id)'] }],
  }
  const before = rowsOf(file, 'select * from sqlite_schema')
  {
    await using db = openTestDatabase({ file, schema: broken })
    await expect(addNote(db.database, 'x')).rejects.toThrow('table note already exists')
  }
  expect(rowsOf(file, 'select * from sqlite_schema')).toEqual(before)
  await using db = openTestDatabase({ file })
  expect(await notesOf(db.database)).toEqual(['kept'])
})

test('an owner that only reads finds its database made and migrated', async () => {
  await using db = openTestDatabase()
  expect(await notesOf(db.database)).toEqual([])
})

async function make(file: string, schema = testSchema): Promise<void> {
  await using db = openTestDatabase({ file, schema })
  await addNote(db.database, 'kept')
}

/** As a backup is: opening it tells whether somebody turns its write-ahead log on. */
function leaveWal(file: string): void {
  const database = new Database(file)
  database.pragma('journal_mode = delete')
  database.close()
}
