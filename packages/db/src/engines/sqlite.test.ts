import { existsSync, mkdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { filesOpen } from '../testing/files-open.ts'
import { addNote, notesOf } from '../testing/notes.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { openTestDatabases } from '../testing/open-test-databases.ts'
import { startChild } from '../testing/start-child.ts'
import { temporaryHome } from '../testing/temporary-home.ts'
import { journalModeOf, openReader, openWriter, useWriteAheadLog } from './sqlite.ts'

checkForLeaks()

test('the writer syncs every commit, both enforce foreign keys, and neither waits for a lock in the main thread', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  {
    await using db = openTestDatabase({ file })
    await addNote(db.database, 'first')
  }
  const writer = openWriter(file)
  expect(useWriteAheadLog(writer)).toBe(true)
  expect(writer.value('pragma synchronous'), 'FULL').toBe(2)
  for (const connection of [writer, openReader(file)]) {
    expect(connection.value('pragma foreign_keys')).toBe(1)
    expect(connection.value('pragma busy_timeout')).toBe(0)
    expect(connection.value('pragma temp_store'), 'no temporary files that nobody counts').toBe(2)
    connection.close()
  }
})

/** A folder in the place of the shared memory: like a network mount that cannot map it, it refuses only when it is used. */
test('where the write-ahead log is refused, a database works with a rollback journal, and its status says so', async () => {
  using home = temporaryHome()
  const file = home.file('gateway.db')
  mkdirSync(`${file}-shm`)
  await using test = openTestDatabases({ file })
  const { sessions } = test.databases.gateway
  for (let i = 0; i < 20; i++) await sessions.create({ id: `ses_${i}`, owner: 'me', source: 'api' })
  expect(await sessions.list({ all: true }, { limit: 100 })).toHaveLength(20)
  expect(test.databases.status()).toMatchObject([{ journalMode: 'delete', walBytes: 0 }])
  expect(existsSync(`${file}-wal`)).toBe(false)
})

test('with a rollback journal, reads and writes at once wait for each other and lose nothing, also those of another process', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  mkdirSync(`${file}-shm`)
  await using db = openTestDatabase({ file })
  await addNote(db.database, 'first')
  await using child = startChild('writer', [file, JSON.stringify({ name: 'theirs', count: 30 })])
  await child.printed('acked')
  const writes = Array.from({ length: 30 }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, i * 5))
    await addNote(db.database, `mine-${i}`)
  })
  const reads = Array.from({ length: 60 }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, i * 3))
    await notesOf(db.database)
  })
  await Promise.all([...writes, ...reads])
  expect(await child.ended).toBe(0)
  expect(child.lines.filter((line) => line.startsWith('failed'))).toEqual([])
  expect(await notesOf(db.database)).toHaveLength(61)
  expect((await filesOpen(file)).length).toBeLessThanOrEqual(3)
})

test('a database that has a write-ahead log keeps it', async () => {
  using home = temporaryHome()
  await using db = openTestDatabase({ file: home.file('test.db') })
  await addNote(db.database, 'first')
  const reader = openReader(db.file)
  expect(journalModeOf(reader)).toBe('wal')
  reader.close()
})
