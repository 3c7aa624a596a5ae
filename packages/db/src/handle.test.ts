import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { filesOpen } from './testing/files-open.ts'
import { addNote, notesOf } from './testing/notes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'
import { temporaryHome } from './testing/temporary-home.ts'
import { testSchema } from './testing/test-schema.ts'

checkForLeaks()

const unusable: readonly [what: string, code: string, make: (file: string) => void][] = [
  ['a file full of noise', 'CORRUPT', (file) => writeFileSync(file, Buffer.alloc(16_384, 'noise'))],
  ['a text file', 'CORRUPT', (file) => writeFileSync(file, 'dear diary\n'.repeat(100))],
  ['a folder', 'IO', (file) => mkdirSync(file)],
  ['an empty file whose write-ahead log is not empty', 'CORRUPT', (file) => [writeFileSync(file, ''), writeFileSync(`${file}-wal`, 'x'.repeat(5_000))]],
]

test.for(unusable)('%s is refused as %s, a hundred times without a descriptor left, and stays as it is', async ([, code, make]) => {
  using home = temporaryHome()
  const file = home.file('test.db')
  make(file)
  await using db = openTestDatabase({ file })
  for (let i = 0; i < 50; i++) {
    await expect(notesOf(db.database)).rejects.toMatchObject({ code })
    await expect(addNote(db.database, 'x')).rejects.toMatchObject({ code })
  }
  expect(await filesOpen(file)).toEqual([])
  make(home.file('same.db'))
  expect(contentOf(file)).toEqual(contentOf(home.file('same.db')))
})

test('a damaged schema page is refused as CORRUPT by reader and writer, without a descriptor left', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await addOneNote(file)
  overwrite(file, 100, 1_000)
  await using db = openTestDatabase({ file })
  for (let i = 0; i < 50; i++) {
    await expect(addNote(db.database, 'x')).rejects.toMatchObject({ code: 'CORRUPT' })
    await expect(notesOf(db.database)).rejects.toMatchObject({ code: 'CORRUPT' })
  }
  expect(await filesOpen(file)).toEqual([])
})

test.runIf(process.getuid?.() === 0)('a file that may not be read is refused, without a descriptor left', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await addOneNote(file)
  for (const path of [home.path, ...readdirSync(home.path).map((name) => home.file(name))]) chmodSync(path, path === home.path ? 0o755 : 0o600)
  await using db = openTestDatabase({ file })
  const nobody = 65_534
  process.seteuid?.(nobody)
  try {
    await expect(notesOf(db.database)).rejects.toMatchObject({ code: 'IO', message: expect.stringContaining(file) as string })
    await expect(addNote(db.database, 'x')).rejects.toMatchObject({ code: 'IO' })
  } finally {
    process.seteuid?.(0)
  }
  expect(await filesOpen(file)).toEqual([])
})

test.runIf(process.getuid?.() === 0)('a home in which no file may be made is READ_ONLY, in our words', async () => {
  using home = temporaryHome()
  chmodSync(home.path, 0o755)
  await using db = openTestDatabase({ file: home.file('test.db') })
  process.seteuid?.(65_534)
  try {
    await expect(addNote(db.database, 'x')).rejects.toMatchObject({ name: 'DatabaseError', code: 'READ_ONLY' })
  } finally {
    process.seteuid?.(0)
  }
})

test('a migration that fails leaves no descriptor, and works once it is mended', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  const [first] = testSchema.migrations
  const broken = { name: 'test', migrations: [{ name: '0001-note', sqlite: [...first!.sqlite, 'create table note (id integer)'] }] }
  {
    await using db = openTestDatabase({ file, schema: broken })
    for (let i = 0; i < 20; i++) await expect(i % 2 ? addNote(db.database, 'x') : notesOf(db.database)).rejects.toThrow('table note already exists')
    expect(await filesOpen(file)).toEqual([])
  }
  await using mended = openTestDatabase({ file })
  await addNote(mended.database, 'now')
  expect(await notesOf(mended.database)).toEqual(['now'])
})

test('a reader of a database that nobody has made yet gets NOT_FOUND, makes nothing, and finds it once it is there', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await using reader = openTestDatabase({ file, isOwner: false })
  await expect(notesOf(reader.database)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(readdirSync(home.path)).toEqual([])
  await addOneNote(file)
  expect(await notesOf(reader.database)).toEqual(['one'])
})

/** Before, a file that was swapped or removed was written to until the restart, and all of it was lost. */
test.for([
  ['replaced by another file', (file: string, other: string) => renameSync(other, file)],
  ['removed', (file: string) => rmSync(file)],
  ['renamed', (file: string) => renameSync(file, `${file}.old`)],
] as const)('a database that was %s while it was open is not read, written or made again', async ([, swap]) => {
  using home = temporaryHome()
  const clock = new FakeClock()
  const file = home.file('test.db')
  await addOneNote(home.file('other.db'), 'of the other')
  await using db = openTestDatabase({ file, clock, lingerMs: 60_000 })
  await addNote(db.database, 'first')
  await notesOf(db.database)
  swap(file, home.file('other.db'))
  const there = contentOf(file)
  for (const idleMs of [0, 200, 300_000]) {
    await clock.advance(idleMs)
    await expect(addNote(db.database, 'lost')).rejects.toMatchObject({ code: 'REPLACED' })
    await clock.advance(100)
    await expect(notesOf(db.database)).rejects.toMatchObject({ code: 'REPLACED' })
  }
  expect(await filesOpen(file), 'the files of the former database are given back').toEqual([])
  expect(contentOf(file)).toEqual(there)
})

test('a database that was removed while only its reader was open is not made again by the first write', async () => {
  using home = temporaryHome()
  const file = home.file('test.db')
  await addOneNote(file)
  await using db = openTestDatabase({ file })
  await notesOf(db.database)
  rmSync(file)
  await expect(addNote(db.database, 'lost')).rejects.toMatchObject({ code: 'REPLACED' })
  expect(existsSync(file)).toBe(false)
})

test('a database that was removed while it was closed for being idle is not made again either', async () => {
  using home = temporaryHome()
  const clock = new FakeClock()
  const file = home.file('test.db')
  await using db = openTestDatabase({ file, clock, lingerMs: 1_000 })
  await addNote(db.database, 'first')
  await clock.advance(5_000)
  expect(await filesOpen(file)).toEqual([])
  rmSync(file)
  await expect(addNote(db.database, 'lost')).rejects.toMatchObject({ code: 'REPLACED' })
  expect(existsSync(file)).toBe(false)
})

test('a database that was restored while nobody had it open is simply opened', async () => {
  using home = temporaryHome()
  const clock = new FakeClock()
  const file = home.file('test.db')
  await addOneNote(home.file('backup.db'), 'from the backup')
  await using db = openTestDatabase({ file, clock, lingerMs: 1_000 })
  await addNote(db.database, 'first')
  await clock.advance(5_000)
  renameSync(home.file('backup.db'), file)
  expect(await notesOf(db.database)).toEqual(['from the backup'])
  await addNote(db.database, 'and on')
})

test('making a database gives it to its user alone, folder and files', async () => {
  using home = temporaryHome()
  const file = home.file('new/folder/test.db')
  await using db = openTestDatabase({ file })
  await addNote(db.database, 'private')
  const modes = execFileSync('stat', ['-c', '%a', home.file('new'), file, `${file}-wal`, `${file}-shm`], { encoding: 'utf8' })
  expect(modes).toBe('700\n600\n600\n600\n')
})

async function addOneNote(file: string, text = 'one'): Promise<void> {
  await using db = openTestDatabase({ file })
  await addNote(db.database, text)
}

/** What lies at a path, if it is a file. */
function contentOf(path: string): Buffer | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : undefined
}

/** Writes noise into a file that nobody has open. */
function overwrite(file: string, at: number, bytes: number): void {
  const content = readFileSync(file)
  writeFileSync(file, content.fill('noise', at, at + bytes))
}
