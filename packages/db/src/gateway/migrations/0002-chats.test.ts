import { FakeClock } from '@talaria/core/testing'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { outboundNamed } from '../../testing/chat-records.ts'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { acceptance, settlement } from '../../testing/gateway-records.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'
import { rowsOf } from '../../testing/rows-of.ts'
import { temporaryHome } from '../../testing/temporary-home.ts'
import { gatewaySchema } from '../schema.ts'
import { gatewayTables } from './0001-gateway.ts'

checkForLeaks()

test('a gateway.db of the first version is migrated with what is in it, and answers chats from then on', async () => {
  using home = temporaryHome()
  const file = home.file('gateway.db')
  await makeFirstVersion(file)
  await using test = openTestDatabases({ file, clock: new FakeClock(1_000) })
  const { turns, sessions, outbound } = test.databases.gateway
  expect(await sessions.messages('ses_1', { limit: 10, order: 'oldest' })).toMatchObject([{ content: 'kept' }])
  expect(rowsOf(file, 'select version from schema_version')).toEqual([{ version: gatewaySchema.migrations.length }])
  await turns.accept(acceptance('run_1', { session: { id: 'ses_1' } }))
  expect(await turns.settle('run_1', 'runner_1', settlement('noon', { outbound: [outboundNamed('out_1')] }))).toBe(true)
  expect(await outbound.claimDue('telegram', 'runner_1', 1)).toMatchObject([{ id: 'out_1' }])
})

test('a reader waits for the gateway to migrate a gateway.db of the first version', async () => {
  using home = temporaryHome()
  const file = home.file('gateway.db')
  await makeFirstVersion(file)
  await using test = openTestDatabases({ file, service: 'webui' })
  await expect(test.databases.gatewayReaders.chats.list({ limit: 1 })).rejects.toMatchObject({ code: 'SCHEMA_TOO_OLD', details: { version: 1 } })
})

/** As the first release made it. */
async function makeFirstVersion(file: string): Promise<void> {
  {
    await using first = openTestDatabase({ file, schema: { name: gatewaySchema.name, migrations: [gatewayTables] } })
    await first.database.read(async () => {})
  }
  const database = new Database(file)
  database.exec(`
    insert into session (id, owner, source, created_at, updated_at, message_count) values ('ses_1', 'me', 'api', 0, 0, 1);
    insert into message (id, session_id, role, content, created_at) values ('msg_kept', 'ses_1', 'user', 'kept', 0)`)
  database.close()
}
