import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { damageSearchIndex } from '../testing/damage-search-index.ts'
import { message, sessionNamed } from '../testing/gateway-records.ts'
import { openTestDatabases, type TestDatabases } from '../testing/open-test-databases.ts'
import { rowsOf } from '../testing/rows-of.ts'
import type { Viewer } from './records.ts'

checkForLeaks()

const me: Viewer = { owner: 'me' }

test('messages are found once the index has caught up, in steps between which others write', async () => {
  await using test = openTestDatabases()
  const { sessions, searchIndex } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  for (let i = 0; i < 5; i++)
    await sessions.append(
      'ses_1',
      me,
      Array.from({ length: 200 }, (_, n) => message(`needle ${i} ${n}`)),
    )
  expect(await hits(test, 'needle')).toBe(0)
  const { commits } = test.databases.stats()
  const catchingUp = searchIndex.catchUp()
  await sessions.append('ses_1', me, [message('needle meanwhile')])
  expect(await catchingUp).toBe(1_001)
  expect(test.databases.stats().commits - commits).toBeGreaterThanOrEqual(3)
  expect(await hits(test, 'needle')).toBe(1_001)
  expect(await searchIndex.catchUp()).toBe(0)
})

test('catching up stops when it is told to, and goes on from there', async () => {
  await using test = openTestDatabases()
  const { sessions, searchIndex } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.append(
    'ses_1',
    me,
    Array.from({ length: 500 }, (_, n) => message(`needle ${n}`)),
  )
  expect(await searchIndex.catchUp(AbortSignal.abort())).toBe(0)
  expect(await searchIndex.catchUp()).toBe(500)
})

test('two that catch up at once take nothing in twice', async () => {
  await using test = openTestDatabases()
  const { sessions, searchIndex } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.append(
    'ses_1',
    me,
    Array.from({ length: 700 }, (_, n) => message(`needle ${n}`)),
  )
  const indexed = await Promise.all([searchIndex.catchUp(), searchIndex.catchUp()])
  expect(indexed[0] + indexed[1]).toBe(700)
  expect(await hits(test, 'needle')).toBe(700)
})

test('a damaged index refuses no message, is made anew by catching up, and says so until then', async () => {
  await using test = openTestDatabases()
  const { sessions, searchIndex } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.append(
    'ses_1',
    me,
    Array.from({ length: 300 }, (_, n) => message(`needle ${n}`)),
  )
  await searchIndex.catchUp()
  await damageSearchIndex(test.file)

  expect(await sessions.append('ses_1', me, [message('needle after the damage')])).toBe(true)
  await expect(sessions.search(me, { query: 'needle', limit: 1 })).rejects.toMatchObject({
    code: 'INDEX_CORRUPT',
    message: expect.stringContaining(test.file) as string,
  })
  expect(await searchIndex.catchUp()).toBe(301)
  expect(await hits(test, 'needle')).toBe(301)
  expect(test.databases.status()[0]!.damage, 'the database itself is sound').toBeUndefined()
})

test('a damaged index is found by the integrity check, emptied, and fills again; the database stays writable', async () => {
  await using test = openTestDatabases()
  const { sessions, searchIndex } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.append('ses_1', me, [message('needle')])
  await searchIndex.catchUp()
  await damageSearchIndex(test.file)
  const check = await test.databases.checkIntegrity()
  expect(check).toMatchObject({ problems: [], indexProblems: [expect.stringContaining('fts5')] })
  expect(test.databases.status()[0]).toMatchObject({ damage: undefined, lastCheck: check })
  await searchIndex.catchUp()
  expect(await hits(test, 'needle')).toBe(1)
  expect(await test.databases.checkIntegrity()).toMatchObject({ problems: [], indexProblems: [] })
})

test('an index that was made anew is the same as that of the migration', async () => {
  await using test = openTestDatabases()
  const schema = "select sql from sqlite_schema where name like 'message_fts%' order by name"
  await test.databases.gateway.sessions.create(sessionNamed('ses_1'))
  const before = rowsOf(test.file, schema)
  await test.databases.gateway.searchIndex.rebuild()
  expect(rowsOf(test.file, schema)).toEqual(before)
})

async function hits(test: TestDatabases, query: string): Promise<number> {
  return (await test.databases.gateway.sessions.search(me, { query, limit: 10_000 })).length
}
