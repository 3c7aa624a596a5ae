import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'
import type { PairingRequest } from './chat-records.ts'

checkForLeaks()

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

test('a user who asks is shown one code in ten minutes; the next one replaces it', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  const { pairing } = test.databases.gateway
  expect(await pairing.request(asks('ada', clock))).toBe('made')
  await clock.advance(10 * MINUTE_MS - 1)
  expect(await pairing.request(asks('ada', clock, { codeHash: 'second' }))).toBe('too_soon')
  expect(await pairing.request(asks('ada', clock, { platform: 'discord' }))).toBe('made')
  await clock.advance(1)
  expect(await pairing.request(asks('ada', clock, { codeHash: 'second' }))).toBe('made')
  expect(await pairing.pending('telegram')).toEqual([{ ...asks('ada', clock, { codeHash: 'second' }), requestedAt: 10 * MINUTE_MS }])
  expect(await pairing.pending()).toHaveLength(2)
})

test('of many who ask at once three are shown a code, a platform, until one is used or expires', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  const { pairing } = test.databases.gateway
  const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((user) => pairing.request(asks(user, clock))))
  expect(answers).toEqual(['made', 'made', 'made', 'too_many', 'too_many'])
  expect(await pairing.request(asks('d', clock, { platform: 'discord' }))).toBe('made')
  await pairing.approve('telegram', codeOf('a'))
  expect(await pairing.request(asks('d', clock))).toBe('made')
  await clock.advance(10 * MINUTE_MS)
  expect(await pairing.request(asks('b', clock)), 'a code of their own is replaced').toBe('made')
  expect(await pairing.request(asks('e', clock))).toBe('too_many')
  await clock.advance(50 * MINUTE_MS)
  expect(
    (await pairing.pending('telegram')).map(({ userId }) => userId),
    'the other two have expired',
  ).toEqual(['b'])
  expect(await pairing.request(asks('e', clock))).toBe('made')
})

test('a code pairs its user, once, on its platform, until it expires', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  const { pairing } = test.databases.gateway
  await pairing.request(asks('ada', clock))
  await pairing.request(asks('bob', clock))
  expect(await pairing.approve('discord', codeOf('ada'))).toBeUndefined()
  const both = await Promise.all([pairing.approve('telegram', codeOf('ada')), pairing.approve('telegram', async (request) => codeOf('ada')(request))])
  expect(both).toEqual([{ platform: 'telegram', userId: 'ada', userName: 'Mx ada', pairedAt: 0 }, undefined])
  await clock.advance(HOUR_MS)
  expect(await pairing.approve('telegram', codeOf('bob'))).toBeUndefined()
  expect(await pairing.users('telegram')).toEqual([both[0]])
  expect([await pairing.isPaired('telegram', 'ada'), await pairing.isPaired('discord', 'ada'), await pairing.isPaired('telegram', 'bob')]).toEqual([
    true,
    false,
    false,
  ])
})

test('a code that was replaced while it was being checked pairs nobody', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  const { pairing } = test.databases.gateway
  await pairing.request(asks('ada', clock))
  await clock.advance(10 * MINUTE_MS)
  const approved = pairing.approve('telegram', async () => {
    await pairing.request(asks('ada', clock, { codeHash: 'second' }))
    return true
  })
  expect(await approved).toBeUndefined()
})

test('who is revoked is not paired any more, and asks again', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  const { pairing } = test.databases.gateway
  await pairing.request(asks('ada', clock))
  await pairing.approve('telegram', codeOf('ada'))
  expect(await pairing.revoke('telegram', 'ada')).toBe(true)
  expect(await pairing.revoke('telegram', 'ada')).toBe(false)
  expect(await pairing.isPaired('telegram', 'ada')).toBe(false)
  expect(await pairing.request(asks('ada', clock))).toBe('made')
})

test('after five wrong codes a platform takes none for an hour, not even the right one; then it counts anew', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  const { pairing } = test.databases.gateway
  await clock.advance(1)
  await pairing.request(asks('ada', clock, { expiresAt: 9 * HOUR_MS }))
  const fail = (times: number) => Promise.all(Array.from({ length: times }, () => pairing.fail('telegram')))
  expect(await fail(5)).toEqual([0, 0, 0, 0, HOUR_MS + 1])
  expect(await pairing.lockedUntil('telegram')).toBe(HOUR_MS + 1)
  expect(await pairing.lockedUntil('discord')).toBe(0)
  await clock.advance(HOUR_MS - 1)
  expect(await fail(2), 'trying on does not prolong it').toEqual([HOUR_MS + 1, HOUR_MS + 1])
  expect(await pairing.approve('telegram', codeOf('ada'))).toBeUndefined()
  await clock.advance(1)
  expect(await fail(4)).toEqual([0, 0, 0, 0])
  expect(await pairing.approve('telegram', codeOf('ada'))).toMatchObject({ userId: 'ada' })
  expect(await fail(1), 'the right one ends the row').toEqual([0])
  expect(await pairing.lockedUntil('telegram')).toBe(0)
})

test('wrong codes of long ago do not count', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  const { pairing } = test.databases.gateway
  for (let i = 0; i < 10; i++) {
    expect(await pairing.fail('telegram')).toBe(0)
    await clock.advance(HOUR_MS)
  }
})

test('a right code among wrong ones that were tried at the same time does not get past the lock', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  const { pairing } = test.databases.gateway
  await pairing.request(asks('ada', clock))
  const approved = pairing.approve('telegram', async (request) => {
    for (let i = 0; i < 5; i++) await pairing.fail('telegram')
    return codeOf('ada')(request)
  })
  expect(await approved).toBeUndefined()
  expect(await pairing.isPaired('telegram', 'ada')).toBe(false)
})

function asks(userId: string, clock: FakeClock, changes: Partial<PairingRequest> = {}): Omit<PairingRequest, 'requestedAt'> {
  const codeHash = `code of ${userId}`
  return { platform: 'telegram', userId, userName: `Mx ${userId}`, codeHash, salt: 'salt', expiresAt: clock.now() + HOUR_MS, ...changes }
}

function codeOf(userId: string): (request: PairingRequest) => boolean {
  return (request) => request.codeHash === `code of ${userId}`
}
