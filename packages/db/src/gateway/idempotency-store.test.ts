import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { acceptance } from '../testing/gateway-records.ts'
import { openTestDatabases } from '../testing/open-test-databases.ts'
import type { NewClaim } from './idempotency-store.ts'

checkForLeaks()

const place = { scope: 'me POST /v1/responses', key: 'k' }
const claimOf = (claim: string, createdAt = 0): NewClaim => ({ ...place, fingerprint: 'f', claim, runner: 'runner_1', createdAt, expiresAt: createdAt + 100 })
const answer = { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }

test('of twins that claim a key at once one gets it, and the other learns who has it', async () => {
  await using test = openTestDatabases()
  const { idempotency } = test.databases.gateway
  const [first, twin] = await Promise.all([idempotency.claim(claimOf('a')), idempotency.claim(claimOf('b'))])
  expect(first).toBeUndefined()
  expect(twin).toEqual({ ...place, fingerprint: 'f', claim: 'a', runner: 'runner_1', turnId: null, response: null, createdAt: 0, expiresAt: 100 })
})

test('the answer is kept under its claim, and under no other', async () => {
  await using test = openTestDatabases()
  const { idempotency } = test.databases.gateway
  await idempotency.claim(claimOf('a'))
  expect(await idempotency.complete({ ...place, claim: 'lost' }, { ...answer, body: 'stale' })).toBe(false)
  expect(await idempotency.complete({ ...place, claim: 'a' }, answer)).toBe(true)
  expect(await idempotency.claim(claimOf('b'))).toMatchObject({ claim: 'a', response: answer })
  expect(await idempotency.get(place.scope, place.key)).toMatchObject({ response: answer })
  expect(await idempotency.get('other POST /v1/responses', place.key)).toBeUndefined()
})

test('an expired key is free again, and the claim that had it is lost', async () => {
  await using test = openTestDatabases()
  const { idempotency } = test.databases.gateway
  await idempotency.claim(claimOf('a'))
  expect(await idempotency.claim(claimOf('b', 99))).toMatchObject({ claim: 'a' })
  expect(await idempotency.claim(claimOf('b', 100))).toBeUndefined()
  expect(await idempotency.complete({ ...place, claim: 'a' }, answer)).toBe(false)
})

test('a key is given back by its claim as long as nothing was done under it', async () => {
  await using test = openTestDatabases()
  const { idempotency, turns } = test.databases.gateway
  await idempotency.claim(claimOf('a'))
  await idempotency.release({ ...place, claim: 'somebody else’s' })
  expect(await idempotency.claim(claimOf('b'))).toMatchObject({ claim: 'a' })
  await idempotency.release({ ...place, claim: 'a' })
  expect(await idempotency.claim(claimOf('b'))).toBeUndefined()
  await turns.accept(acceptance('run_1', { idempotency: { ...place, claim: 'b' } }))
  await idempotency.release({ ...place, claim: 'b' })
  expect(await idempotency.get(place.scope, place.key), 'a turn runs under it').toMatchObject({ turnId: 'run_1' })
})
