import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'

checkForLeaks()

test('how a platform is doing is known with its history; another attempt for the same reason is no change', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { platforms } = test.databases.gateway
  await platforms.record('telegram', { state: 'connecting', reason: null, nextAttemptAt: null })
  await clock.advance(100)
  const failing = { state: 'backing_off', reason: 'nobody there', nextAttemptAt: 2_000 } as const
  await platforms.record('telegram', failing)
  await clock.advance(100)
  await platforms.record('telegram', { ...failing, nextAttemptAt: 3_000 })
  await platforms.record('discord', { state: 'connected', reason: null, nextAttemptAt: null })
  expect(await platforms.latest()).toEqual([
    { platform: 'discord', state: 'connected', reason: null, since: 1_200, nextAttemptAt: null },
    { platform: 'telegram', ...failing, since: 1_100, nextAttemptAt: 3_000 },
  ])
  await platforms.record('telegram', { ...failing, reason: 'refused' })
  expect(await platforms.latest()).toMatchObject([{}, { reason: 'refused', since: 1_100 }])
  const history = await platforms.history('telegram', { limit: 2 })
  expect(history).toMatchObject([
    { state: 'backing_off', reason: 'refused', at: 1_200 },
    { platform: 'telegram', ...failing, at: 1_100 },
  ])
  expect(await platforms.history('telegram', { limit: 2, before: history[1]!.position })).toMatchObject([{ state: 'connecting', at: 1_000 }])
})

test('a platform stays paused whatever its state, also one that never had any', async () => {
  await using test = openTestDatabases()
  const { platforms } = test.databases.gateway
  await platforms.setPaused('telegram', true)
  await platforms.setPaused('discord', true)
  expect(await platforms.latest()).toEqual([])
  await platforms.record('telegram', { state: 'paused', reason: 'by an operator', nextAttemptAt: null })
  expect(await platforms.paused()).toEqual(new Set(['telegram', 'discord']))
  await platforms.setPaused('telegram', false)
  expect(await platforms.paused()).toEqual(new Set(['discord']))
  expect(await platforms.latest()).toMatchObject([{ platform: 'telegram', state: 'paused' }])
})
