import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestDatabases } from '../testing/open-test-databases.ts'
import { rowsOf } from '../testing/rows-of.ts'

checkForLeaks()

/** A migration that was released is never edited: it would run on new homes only. `vitest -u` writes the file after a new one. */
test('a migrated gateway.db is what schema.sql says', async () => {
  await using test = openTestDatabases()
  await test.databases.gateway.sessions.exists('x')
  const rows = rowsOf<{ sql: string }>(test.file, 'select sql from sqlite_schema where sql is not null order by rowid')
  const text = rows.map(({ sql }) => `${sql.replaceAll(/\n {6}/g, '\n  ').replace(/\n {4}\)/, '\n)')};\n`).join('\n')
  await expect(text).toMatchFileSnapshot('./schema.sql')
})

test('no constraint is deferrable, and none rolls back the whole transaction: either would fail the commit of a group', async () => {
  await using test = openTestDatabases()
  await test.databases.gateway.sessions.exists('x')
  const schema = rowsOf<{ sql: string }>(test.file, 'select sql from sqlite_schema where sql is not null')
  expect(schema.filter(({ sql }) => /deferr|or rollback|on conflict rollback|raise\s*\(\s*rollback/i.test(sql))).toEqual([])
})
