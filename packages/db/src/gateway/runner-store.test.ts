import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestDatabases } from '../testing/open-test-databases.ts'

checkForLeaks()

test('a runner registers, says that it lives, and learns from that when it was given up', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { runners } = test.databases.gateway
  await runners.register({ id: 'runner_1', host: 'here', pid: 42, processStarted: 'boot:7' })
  await clock.advance(10_000)
  expect(await runners.heartbeat('runner_1')).toBe(true)
  expect(await runners.list()).toEqual([{ id: 'runner_1', host: 'here', pid: 42, processStarted: 'boot:7', startedAt: 1_000, heartbeatAt: 11_000 }])
  await runners.remove('runner_1')
  expect(await runners.heartbeat('runner_1')).toBe(false)
  expect(await runners.list()).toEqual([])
  await runners.register({ id: 'runner_1', host: 'here', pid: 42, processStarted: null })
  expect(await runners.heartbeat('runner_1')).toBe(true)
})
