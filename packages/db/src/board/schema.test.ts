import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestDatabases } from '../testing/open-test-databases.ts'
import { rowsOf } from '../testing/rows-of.ts'

checkForLeaks()

async function schemaOf(): Promise<{ sql: string }[]> {
  await using test = openTestDatabases()
  await test.databases.boards.create({ slug: 'board' }, 'cli')
  return rowsOf(join(dirname(test.file), 'boards', 'board.db'), 'select sql from sqlite_schema where sql is not null order by rowid')
}

/** A migration that was released is never edited: it would run on new boards only. `vitest -u` writes the file after a new one. */
test('a migrated board is what schema.sql says', async () => {
  const text = (await schemaOf()).map(({ sql }) => `${sql.replaceAll(/\n {6}/g, '\n  ').replace(/\n {4}\)/, '\n)')};\n`).join('\n')
  await expect(text).toMatchFileSnapshot('./schema.sql')
})

test('no constraint of a board is deferrable, and none rolls back the whole transaction: either would fail the commit of a group', async () => {
  const schema = await schemaOf()
  expect(schema.filter(({ sql }) => /deferr|or rollback|on conflict rollback|raise\s*\(\s*rollback/i.test(sql))).toEqual([])
})
