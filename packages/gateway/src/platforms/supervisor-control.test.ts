import { FakeClock, until } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openSupervisor, scriptedConnection, scriptedPlatform } from '../../test/open-supervisor.ts'
import type { ConnectContext } from './definition.ts'
import type { PlatformRecords } from './state-recorder.ts'
import { twinPlatform } from './twin/twin-platform.ts'
import { TwinService } from './twin/twin-service.ts'

checkForLeaks()

async function openTwin(options: { readonly random?: () => number; readonly records?: PlatformRecords } = {}) {
  const clock = new FakeClock()
  const service = new TwinService({ clock })
  const t = await openSupervisor({ definition: twinPlatform(service), clock, ...options })
  return Object.assign(t, { service })
}

const recordsThat = (setPaused: PlatformRecords['setPaused']): PlatformRecords => ({
  record: async () => {},
  setPaused,
  paused: async () => new Set<string>(),
})

test('starting twice is starting once', async () => {
  await using t = await openTwin()
  await Promise.all([t.supervisor.start(), t.supervisor.start()])
  expect([t.supervisor.status.attempts, t.service.connections]).toEqual([1, 1])
})

test('after its end a platform is not started, and obeys nobody', async () => {
  await using t = await openTwin()
  await t.supervisor.start()
  await t.supervisor[Symbol.asyncDispose]()
  await t.supervisor.start()
  expect([await t.supervisor.pause(), await t.supervisor.resume(), await t.supervisor.reconnect()]).toEqual([false, false, false])
  expect([t.supervisor.status.state, t.supervisor.status.attempts, t.service.connections]).toEqual(['stopped', 1, 0])
  expect(await t.store.paused()).toEqual(new Set())
})

test('a platform that was never set up is still that after its end', async () => {
  const plan = () => ({ state: 'not_configured', reason: 'X_TOKEN is not set.' }) as const
  await using t = await openSupervisor({ definition: scriptedPlatform(async () => scriptedConnection(), plan) })
  await t.supervisor[Symbol.asyncDispose]()
  expect(t.supervisor.status.state).toBe('not_configured')
})

test('reconnecting replaces the connection, and there is one at a time', async () => {
  await using t = await openTwin()
  await t.supervisor.start()
  expect(await t.supervisor.reconnect()).toBe(true)
  await until('it is connected', 2_000, () => t.supervisor.status.state === 'connected')
  expect([t.supervisor.status.attempts, t.service.connections]).toEqual([2, 1])
})

test('reconnecting waits for no pause, makes one attempt, and begins the pauses anew', async () => {
  await using t = await openTwin({ random: () => 0.999 })
  t.service.refuse('network')
  await t.supervisor.start()
  for (const _ of [1, 2, 3]) await t.clock.advance(t.supervisor.status.nextAttemptAt! - t.clock.now())
  expect([t.supervisor.status.attempts, t.supervisor.status.nextAttemptAt! - t.clock.now()]).toEqual([4, 15_985])
  expect(await t.supervisor.reconnect()).toBe(true)
  await until('it has failed again', 2_000, () => t.supervisor.status.attempts === 5 && t.supervisor.status.state === 'backing_off')
  expect(t.supervisor.status.nextAttemptAt! - t.clock.now()).toBe(1_999)
})

test('ending one that waits for its next attempt waits for nothing and makes none', async () => {
  await using t = await openTwin()
  t.service.refuse('rate_limited', 3_600_000)
  await t.supervisor.start()
  await t.supervisor[Symbol.asyncDispose]()
  expect([t.supervisor.status.state, t.supervisor.status.attempts, t.service.asked, t.clock.sleeping]).toEqual(['stopped', 1, 1, 0])
})

test('resuming what is not paused leaves its connection alone', async () => {
  await using t = await openTwin()
  await t.supervisor.start()
  expect(await t.supervisor.resume()).toBe(true)
  expect([t.supervisor.status.state, t.supervisor.status.attempts]).toEqual(['connected', 1])
})

test('of a pause and a resume that come together the later one counts', async () => {
  await using t = await openTwin()
  await t.supervisor.start()
  await Promise.all([t.supervisor.pause(), t.supervisor.resume()])
  await until('it is connected', 2_000, () => t.supervisor.status.state === 'connected')
  expect([t.service.connections, await t.store.paused()]).toEqual([1, new Set()])
})

test('a wish that could not be stored is told, and does not keep the next one from being heard', async () => {
  await using t = await openTwin({
    records: recordsThat(async () => {
      throw new Error('The disk is gone.')
    }),
  })
  await t.supervisor.start()
  await expect(t.supervisor.pause()).rejects.toThrow('The disk is gone.')
  expect([t.supervisor.status.state, await t.supervisor.reconnect()]).toEqual(['connected', true])
})

test('an end does not wait for a database that hangs before it disconnects', async () => {
  const stored = Promise.withResolvers<void>()
  await using t = await openTwin({ records: recordsThat(() => stored.promise) })
  await t.supervisor.start()
  const paused = t.supervisor.pause()
  const ended = t.supervisor[Symbol.asyncDispose]()
  await until('it is disconnected', 2_000, () => t.service.connections === 0)
  stored.resolve()
  await Promise.all([paused, ended])
})

test('how long it has been in a state does not begin anew when only the reason changes', async () => {
  let context: ConnectContext | undefined
  const connect = async (given: ConnectContext) => {
    context = given
    return scriptedConnection()
  }
  await using t = await openSupervisor({ definition: scriptedPlatform(connect) })
  await t.supervisor.start()
  await t.clock.advance(1_000)
  context!.degraded('One group is missing.')
  const { since } = t.supervisor.status
  await t.clock.advance(1_000)
  context!.degraded('Two groups are missing.')
  expect(t.supervisor.status).toMatchObject({ reason: 'Two groups are missing.', since })
})

test('the time it is connected is counted, and no other', async () => {
  await using t = await openTwin()
  await t.supervisor.start()
  await t.clock.advance(5_000)
  t.service.refuse('network')
  t.service.drop()
  await t.clock.advance(0)
  await t.clock.advance(500)
  expect(t.supervisor.connectedMs).toBe(5_000)
})
