import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { FakeClock } from '@talaria/core/testing'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { restoreGateway } from './databases.ts'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { sessionNamed } from './testing/gateway-records.ts'
import { openTestDatabases } from './testing/open-test-databases.ts'
import { startChild } from './testing/start-child.ts'
import { temporaryHome, type TemporaryHome } from './testing/temporary-home.ts'

checkForLeaks()

let template: TemporaryHome

beforeAll(async () => {
  template = temporaryHome()
  await using test = openTestDatabases({ file: template.file('gateway.db') })
  await test.databases.gateway.sessions.create(sessionNamed('in the backup'))
  await test.databases.backUp(template.file('backup.db'))
  await test.databases.gateway.sessions.create(sessionNamed('after the backup'))
})

afterAll(() => template[Symbol.dispose]())

test('a backup comes back as it was, what stood there is kept beside it, and the database is used as before', async () => {
  using home = temporaryHome()
  const clock = new FakeClock(Date.UTC(2026, 10, 24, 12))
  const { file, backup } = homeWithBackup(home)
  writeFileSync(`${file}.damaged`, '{"foundAt":1,"reason":"test"}')
  const aside = await restoreGateway({ backup, location: { file }, clock })
  expect(aside).toBe(`${file}.before-restore-2026-11-24T12-00-00-000Z`)
  expect(await sessionsOf(file)).toEqual(['in the backup'])
  expect(await sessionsOf(aside!)).toEqual(['after the backup', 'in the backup'])
  expect(existsSync(`${aside}.damaged`)).toBe(true)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  await using test = openTestDatabases({ file })
  expect(await test.databases.gateway.sessions.create(sessionNamed('and on'))).toBeDefined()
  expect(existsSync(backup)).toBe(true)
})

test('a backup is restored where there is no database', async () => {
  using home = temporaryHome()
  const { file, backup } = homeWithBackup(home)
  rmSync(file)
  expect(await restore(backup, file)).toBeUndefined()
  expect(await sessionsOf(file)).toEqual(['in the backup'])
})

test('a database that is damaged beyond opening is restored, and kept aside', async () => {
  using home = temporaryHome()
  const { file, backup } = homeWithBackup(home)
  writeFileSync(file, Buffer.alloc(8_192, 'noise'))
  const aside = await restore(backup, file)
  expect(readFileSync(aside!)).toEqual(Buffer.alloc(8_192, 'noise'))
  expect(await sessionsOf(file)).toEqual(['in the backup'])
})

test('a copy that was made by hand is restored with what lies in its write-ahead log', async () => {
  using home = temporaryHome()
  const { file } = homeWithBackup(home)
  {
    await using test = openTestDatabases({ file })
    await test.databases.gateway.sessions.create(sessionNamed('still in the log'))
    for (const suffix of ['', '-wal']) copyByHand(file + suffix, home.file(`copy.db${suffix}`))
  }
  await restore(home.file('copy.db'), file)
  expect(await sessionsOf(file)).toContain('still in the log')
})

test('nothing is restored while this process or another has the database open', async () => {
  using home = temporaryHome()
  const { file, backup } = homeWithBackup(home)
  {
    await using test = openTestDatabases({ file })
    await test.databases.gateway.sessions.exists('x')
    await expect(restore(backup, file)).rejects.toMatchObject({ code: 'BUSY', message: expect.stringContaining(`process ${process.pid}`) as string })
  }
  await using holder = startChild('hold-lock', [file, '60000'])
  await holder.printed('locked')
  await expect(restore(backup, file)).rejects.toMatchObject({ code: 'BUSY', message: expect.stringContaining(String(holder.pid)) as string })
  holder.kill('SIGKILL')
  await holder.ended
  expect(await sessionsOf(file)).toEqual(['after the backup', 'in the backup'])
})

test.for([
  ['NOT_FOUND', 'that is not there', () => {}],
  ['CORRUPT', 'that is noise', (target) => writeFileSync(target, Buffer.alloc(8_192, 'noise'))],
  ['CORRUPT', 'that is damaged', (target, backup) => writeFileSync(target, withoutPageOf('in the backup', readFileSync(backup)))],
  ['WRONG_SCHEMA', 'of another program', (target) => runSql(target, 'create table bookmarks (url text)')],
  ['WRONG_SCHEMA', 'that is empty', (target) => writeFileSync(target, '')],
  [
    'WRONG_SCHEMA',
    'of another of our databases',
    (target, backup) => (copyFileSync(backup, target), runSql(target, "update schema_version set name = 'webui'")),
  ],
  ['SCHEMA_TOO_NEW', 'of a newer version', (target, backup) => (copyFileSync(backup, target), runSql(target, 'update schema_version set version = 99'))],
] satisfies readonly (readonly [code: string, what: string, make: (target: string, backup: string) => void])[])(
  '%s: a backup %s is refused, and nothing is changed',
  async ([code, , make]) => {
    using home = temporaryHome()
    const { file, backup } = homeWithBackup(home)
    make(home.file('bad.db'), backup)
    const before = readFileSync(file)
    await expect(restore(home.file('bad.db'), file)).rejects.toMatchObject({ code })
    expect(readFileSync(file)).toEqual(before)
    expect(readdirSync(home.path).filter((name) => name.startsWith('gateway.db'))).toEqual(['gateway.db'])
  },
)

test('when the swap fails, everything is put back', async () => {
  using home = temporaryHome()
  const { file, backup } = homeWithBackup(home)
  const clock = new FakeClock(0)
  writeFileSync(`${file}.damaged`, '{}')
  // The note cannot be moved aside: a folder that is not empty stands in its way.
  mkdirSync(`${file}.before-restore-1970-01-01T00-00-00-000Z.damaged/x`, { recursive: true })
  await expect(restoreGateway({ backup, location: { file }, clock })).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/)
  expect(
    readdirSync(home.path)
      .filter((name) => !name.includes('before-restore'))
      .toSorted(),
  ).toEqual(['backup.db', 'gateway.db', 'gateway.db.damaged'])
  rmSync(`${file}.damaged`)
  expect(await sessionsOf(file)).toEqual(['after the backup', 'in the backup'])
})

/** A database with two sessions, and a backup that was made after the first: copies of those that were made once. */
function homeWithBackup(home: TemporaryHome): { readonly file: string; readonly backup: string } {
  const copies = { file: home.file('gateway.db'), backup: home.file('backup.db') }
  copyFileSync(template.file('gateway.db'), copies.file)
  copyFileSync(template.file('backup.db'), copies.backup)
  return copies
}

async function sessionsOf(file: string): Promise<readonly string[]> {
  await using test = openTestDatabases({ file })
  return (await test.databases.gateway.sessions.list({ all: true }, { limit: 10 })).map(({ id }) => id).toSorted()
}

function restore(backup: string, file: string): Promise<string | undefined> {
  return restoreGateway({ backup, location: { file }, clock: new FakeClock() })
}

/** By another process: to read the file in this one would drop its locks. */
function copyByHand(from: string, to: string): void {
  execFileSync('cp', [from, to])
}

/** The same database with noise in the last page that holds this text, where only a look through the whole file finds it. */
function withoutPageOf(text: string, content: Buffer): Buffer {
  const page = Math.floor(content.lastIndexOf(text) / 4_096)
  return content.fill('noise', page * 4_096, (page + 1) * 4_096)
}

function runSql(file: string, sql: string): void {
  const database = new Database(file)
  database.exec(sql)
  database.close()
}
