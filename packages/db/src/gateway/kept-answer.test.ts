import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { item, message, sessionNamed } from '../testing/gateway-records.ts'
import { openTestDatabases, type TestDatabases } from '../testing/open-test-databases.ts'
import { countOf } from '../testing/rows-of.ts'
import type { GatewayStores } from './stores.ts'

checkForLeaks()

const place = { scope: 'me POST /somewhere', key: 'k' }
const keptUnder = (claim: string) => ({
  claim: { ...place, claim },
  answer: (made: unknown) => ({ status: 201, headers: { 'x-made': 'yes' }, body: JSON.stringify(made) }),
})

const makings: readonly [what: string, table: string, make: (stores: GatewayStores, claim: string) => Promise<unknown>][] = [
  ['a session', 'session', ({ sessions }, claim) => sessions.create(sessionNamed('ses_new'), keptUnder(claim))],
  [
    'a fork',
    "session where deleted_at is null and id = 'fork'",
    ({ sessions }, claim) => sessions.fork('ses_1', { owner: 'me' }, sessionNamed('fork'), { kept: keptUnder(claim) }),
  ],
  [
    'a conversation',
    "conversation where id = 'conv_new'",
    ({ conversations }, claim) => conversations.create({ id: 'conv_new', owner: 'me', metadata: {} }, [], keptUnder(claim)),
  ],
  [
    'items of a conversation',
    "conversation_item where id = 'new'",
    ({ conversations }, claim) => conversations.addItems('conv_1', [item('new')], keptUnder(claim)),
  ],
]

test.for(makings)('%s that is made under a key is written with the answer that tells of it, or not at all', async ([, table, make]) => {
  await using test = await databaseWithClaim()
  const stores = test.databases.gateway
  const before = countOf(test.file, table)
  await expect(make(stores, 'lost')).rejects.toMatchObject({ code: 'CLAIM_LOST' })
  expect(countOf(test.file, table)).toBe(before)
  expect(await stores.idempotency.get(place.scope, place.key)).toMatchObject({ response: null })
})

test.for(makings)('a repetition of what made %s finds its answer', async ([, table, make]) => {
  await using test = await databaseWithClaim()
  const stores = test.databases.gateway
  const before = countOf(test.file, table)
  await make(stores, 'mine')
  expect(countOf(test.file, table)).toBe(before + 1)
  const kept = await stores.idempotency.get(place.scope, place.key)
  expect(kept).toMatchObject({ response: { status: 201, headers: { 'x-made': 'yes' } } })
  expect(JSON.parse(kept!.response!.body)).not.toBeNull()
})

test('a named conversation that was there already is the answer that is kept', async () => {
  await using test = await databaseWithClaim()
  const { conversations, idempotency } = test.databases.gateway
  const named = { owner: 'me', name: 'daily', metadata: {} }
  await conversations.create({ ...named, id: 'conv_there' })
  await conversations.create({ ...named, id: 'conv_new' }, [], keptUnder('mine'))
  expect(JSON.parse((await idempotency.get(place.scope, place.key))!.response!.body)).toMatchObject({ id: 'conv_there' })
})

async function databaseWithClaim(): Promise<TestDatabases> {
  const test = openTestDatabases()
  const { sessions, conversations, idempotency } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.append('ses_1', { owner: 'me' }, [message('hello')])
  await conversations.create({ id: 'conv_1', owner: 'me', metadata: {} })
  await idempotency.claim({ ...place, fingerprint: 'f', claim: 'mine', runner: 'runner_1', createdAt: 0, expiresAt: Number.MAX_SAFE_INTEGER })
  return test
}
