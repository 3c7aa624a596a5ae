import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findDamage } from './integrity.ts'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { filesOpen } from './testing/files-open.ts'
import { message, sessionNamed } from './testing/gateway-records.ts'
import { openTestDatabases, type TestDatabases } from './testing/open-test-databases.ts'
import { countOf, rowsOf } from './testing/rows-of.ts'
import { temporaryHome } from './testing/temporary-home.ts'
import type { Viewer } from './gateway/records.ts'

checkForLeaks()

const me: Viewer = { owner: 'me' }
const BEAT_MS = 20

test('a backup made while others write is sound, is one moment of the database, and keeps nobody waiting', async () => {
  using home = temporaryHome()
  await using test = openTestDatabases({ file: home.file('gateway.db') })
  await fill(test, 2_000)
  const target = home.file('backup.db')
  let isBackingUp = true
  let pairs = 0
  const { sessions } = test.databases.gateway
  // Two sessions that have equally many messages in every moment.
  await sessions.create(sessionNamed('left'))
  await sessions.create(sessionNamed('right'))
  const writing = (async () => {
    for (; isBackingUp; pairs++) await Promise.all([sessions.append('left', me, [message('x')]), sessions.append('right', me, [message('x')])])
  })()
  let beats = 0
  const heart = setInterval(() => beats++, BEAT_MS)
  const begun = performance.now()
  const progress: number[] = []
  await test.databases.backUp(target, { onProgress: (done, total) => progress.push(done / total) })
  const tookMs = performance.now() - begun
  clearInterval(heart)
  isBackingUp = false
  await writing

  expect(pairs).toBeGreaterThan(10)
  expect(beats).toBeGreaterThan(tookMs / BEAT_MS / 2)
  expect(progress.length).toBeGreaterThan(5)
  expect(progress.at(-1)).toBe(1)
  expect(await findDamage(target)).toEqual({ problems: [], indexProblems: [] })
  const counts = rowsOf<{ n: number }>(target, "select count(*) as n from message where session_id in ('left', 'right') group by session_id")
  expect(counts).toHaveLength(2)
  expect(counts[0]).toEqual(counts[1])
  expect(countOf(target, 'message')).toBeGreaterThan(2_000)
  expect(await filesOpen(target)).toEqual([])
  expect(test.databases.stats().leases).toBe(0)
})

test('a backup is one private file that stands alone', async () => {
  using home = temporaryHome()
  await using test = openTestDatabases({ file: home.file('gateway.db') })
  await fill(test, 1)
  mkdirSync(home.file('backups'))
  await test.databases.backUp(home.file('backups/one.db'))
  expect(readdirSync(home.file('backups'))).toEqual(['one.db'])
  expect(statSync(home.file('backups/one.db')).mode & 0o777).toBe(0o600)
  // Bytes 18 and 19 of the header (https://sqlite.org/fileformat.html): 1 where there is no write-ahead log to go with it.
  expect([...readFileSync(home.file('backups/one.db')).subarray(18, 20)]).toEqual([1, 1])
})

test('a backup does not take the place of a file, and nothing is left where one fails', async () => {
  using home = temporaryHome()
  await using test = openTestDatabases({ file: home.file('gateway.db') })
  await fill(test, 500)
  const target = home.file('backup.db')
  writeFileSync(target, 'precious')
  await expect(test.databases.backUp(target)).rejects.toMatchObject({ code: 'IO' })
  expect(readFileSync(target, 'utf8')).toBe('precious')

  const stop = new AbortController()
  await expect(test.databases.backUp(home.file('stopped.db'), { signal: stop.signal, onProgress: () => stop.abort(new Error('not needed')) })).rejects.toThrow(
    'not needed',
  )
  writeFileSync(home.file('a file'), '')
  await expect(test.databases.backUp(home.file('a file/backup.db'))).rejects.toMatchObject({
    name: 'DatabaseError',
    message: expect.stringContaining('a file/backup.db') as string,
  })
  expect(
    readdirSync(home.path)
      .filter((name) => !name.startsWith('gateway.db'))
      .toSorted(),
  ).toEqual(['a file', 'backup.db'])
  expect(await filesOpen(home.file('stopped.db'))).toEqual([])
  await test.databases.backUp(home.file('second.db'))
})

test('one backup is made at a time', async () => {
  using home = temporaryHome()
  await using test = openTestDatabases({ file: home.file('gateway.db') })
  await fill(test, 1)
  const first = test.databases.backUp(home.file('one.db'))
  await expect(test.databases.backUp(home.file('two.db'))).rejects.toMatchObject({ code: 'BUSY' })
  await first
  expect(existsSync(home.file('one.db'))).toBe(true)
})

test('a damaged database gives no backup, and is read-only from then on', async () => {
  using home = temporaryHome()
  const file = home.file('gateway.db')
  {
    await using test = openTestDatabases({ file })
    await fill(test, 300)
  }
  const content = readFileSync(file)
  writeFileSync(file, content.fill('noise', content.indexOf('150 xxx'), content.indexOf('160 xxx')))
  await using test = openTestDatabases({ file })
  await expect(test.databases.backUp(home.file('backup.db'))).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining(file) as string })
  expect(existsSync(home.file('backup.db'))).toBe(false)
  await expect(test.databases.gateway.sessions.create(sessionNamed('ses_2'))).rejects.toMatchObject({ code: 'CORRUPT' })
})

async function fill({ databases }: TestDatabases, messages: number): Promise<void> {
  const { sessions } = databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.append(
    'ses_1',
    me,
    Array.from({ length: messages }, (_, i) => message(`${i} ${'x'.repeat(2_000)}`)),
  )
}
