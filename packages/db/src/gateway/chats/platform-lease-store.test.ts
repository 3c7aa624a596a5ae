import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'

checkForLeaks()

const wantedBy = (holder: string, gone?: string) => ({ platform: 'telegram', account: '1', holder, ttlMs: 1_000, ...(gone !== undefined && { gone }) })

async function openLeases() {
  const clock = new FakeClock(10_000)
  const test = openTestDatabases({ clock })
  const { platformLeases: leases, runners } = test.databases.gateway
  await runners.register({ id: 'a', host: 'here', pid: 17, processStarted: null })
  return { clock, leases, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() }
}

test('of two that want an account one has it, and the other is told which process that is and until when', async () => {
  await using t = await openLeases()
  const held = { platform: 'telegram', account: '1', holder: 'a', fence: 1, expiresAt: 11_000, pid: 17 }
  expect(await Promise.all([t.leases.acquire(wantedBy('a')), t.leases.acquire(wantedBy('b'))])).toEqual([held, held])
  expect(await t.leases.acquire({ ...wantedBy('b'), account: '2' })).toMatchObject({ holder: 'b', fence: 1, pid: null })
  expect(await t.leases.acquire({ ...wantedBy('b'), platform: 'discord' })).toMatchObject({ holder: 'b' })
})

test('it is held as long as it is renewed, and is free from the moment in which its time is up', async () => {
  await using t = await openLeases()
  const lease = await t.leases.acquire(wantedBy('a'))
  await t.clock.advance(999)
  expect(await t.leases.renew(lease, 1_000)).toBe(true)
  await t.clock.advance(999)
  expect(await t.leases.acquire(wantedBy('b'))).toMatchObject({ holder: 'a', expiresAt: 11_999 })
  await t.clock.advance(1)
  expect(await t.leases.acquire(wantedBy('b'))).toMatchObject({ holder: 'b', fence: 2 })
})

test('one that was late neither renews nor gives back what another holds, nor what it holds itself by now', async () => {
  await using t = await openLeases()
  const late = await t.leases.acquire(wantedBy('a'))
  await t.clock.advance(1_000)
  const next = await t.leases.acquire(wantedBy('b'))
  await t.leases.release(late)
  expect([await t.leases.renew(late, 1_000), await t.leases.acquire(wantedBy('a'))]).toEqual([false, next])
  await t.leases.release(next)
  const again = await t.leases.acquire(wantedBy('a'))
  await t.leases.release(late)
  expect([again.fence, await t.leases.renew(late, 1_000), await t.leases.acquire(wantedBy('b'))]).toEqual([3, false, again])
})

test('what was given back, or is held by one that is no more, is free before its time is up', async () => {
  await using t = await openLeases()
  await t.leases.release(await t.leases.acquire(wantedBy('a')))
  expect(await t.leases.acquire(wantedBy('b'))).toMatchObject({ holder: 'b', fence: 2 })
  expect(await t.leases.acquire(wantedBy('a', 'c'))).toMatchObject({ holder: 'b' })
  expect(await t.leases.acquire(wantedBy('a', 'b'))).toMatchObject({ holder: 'a', fence: 3 })
})
