import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { addNote, notesOf } from './testing/notes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'
import { startChild } from './testing/start-child.ts'
import { temporaryHome } from './testing/temporary-home.ts'

checkForLeaks()

const PAGE = 4_096

test('a database that is found damaged while it is read is read-only from then on, and after a restart, and is not made anew', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await makeDamaged(file)
  const damaged = readFileSync(file)
  {
    await using db = openTestDatabase({ file })
    expect((await db.database.read((tx) => tx.selectFrom('note').select('id').where('id', '=', 1).execute())).length, 'it opens').toBe(1)
    await addNote(db.database, 'still writable')
    await expect(notesOf(db.database)).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining(file) as string })
    await expect(addNote(db.database, 'refused')).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining('talaria restore') as string })
    expect(await db.database.read((tx) => tx.selectFrom('note').select('id').where('id', '=', 1).execute()), 'what can be read, is').toHaveLength(1)
  }
  expect(JSON.parse(readFileSync(`${file}.damaged`, 'utf8'))).toMatchObject({ reason: expect.stringContaining('malformed') as string })
  await using restarted = openTestDatabase({ file })
  expect(await restarted.database.read((tx) => tx.selectFrom('note').select('id').where('id', '=', 1).execute())).toHaveLength(1)
  await expect(addNote(restarted.database, 'refused')).rejects.toMatchObject({ code: 'CORRUPT' })
  expect(readFileSync(file).length).toBe(damaged.length)
})

test('another process that writes the same database learns that it is damaged, and stops', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await using child = startChild('writer', [file, JSON.stringify({ name: 'theirs', count: 1_000_000, pauseMs: 10 })])
  await child.printed('acked')
  await using db = openTestDatabase({ file })
  await notesOf(db.database)
  db.registry.handles[0]!.guard.markDamaged('found by this process')
  expect(await child.printed('failed')).toMatch(/^failed CORRUPT/)
})

test('a reader that stays open learns it too, and says so when asked', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  const clock = new FakeClock()
  await makeDamaged(file)
  await using db = openTestDatabase({ file, clock, isOwner: false })
  const look = () => db.database.read((tx) => tx.selectFrom('note').select('id').where('id', '=', 1).execute())
  await look()
  writeFileSync(`${file}.damaged`, JSON.stringify({ foundAt: 1, reason: 'found by the owner' }))
  await clock.advance(200)
  expect(await look()).toHaveLength(1)
  expect(db.registry.handles[0]!.guard.damage).toEqual({ foundAt: 1, reason: 'found by the owner' })
})

test('a note of damage that was cut off counts all the same', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await makeNotes(file, 1)
  writeFileSync(`${file}.damaged`, '')
  await using db = openTestDatabase({ file })
  await expect(addNote(db.database, 'refused')).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining(`${file}.damaged`) as string })
})

test('damage is forgotten when a sound file has taken the place of the damaged one while nobody had it open, and only then', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  const clock = new FakeClock()
  await makeDamaged(file)
  await makeNotes(home.file('backup.db'), 1)
  await using db = openTestDatabase({ file, clock, lingerMs: 1_000 })
  await expect(notesOf(db.database)).rejects.toMatchObject({ code: 'CORRUPT' })
  rmSync(`${file}.damaged`)
  await clock.advance(5_000)
  await expect(addNote(db.database, 'refused'), 'the note is gone, the damage is not').rejects.toMatchObject({ code: 'CORRUPT' })
  await clock.advance(5_000)
  renameSync(home.file('backup.db'), file)
  await addNote(db.database, 'accepted')
  expect(await notesOf(db.database)).toEqual(['note 0', 'accepted'])
  expect(existsSync(`${file}.damaged`)).toBe(false)
})

async function makeNotes(file: string, count: number): Promise<void> {
  await using db = openTestDatabase({ file })
  await Promise.all(Array.from({ length: count }, (_, i) => addNote(db.database, `note ${i}${count > 1 ? ' '.repeat(2_000) : ''}`)))
}

/** A database that opens, and holds pages of noise in the middle of its table. */
async function makeDamaged(file: string): Promise<void> {
  await makeNotes(file, 200)
  const content = readFileSync(file)
  writeFileSync(file, content.fill('noise', 30 * PAGE, 40 * PAGE))
}
