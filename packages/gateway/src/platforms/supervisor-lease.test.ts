import { FakeClock, until } from '@talaria/core/testing'
import { checkForLeaks, openTestDatabases } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openSupervisor, type TestSupervisor } from '../../test/open-supervisor.ts'
import { twinPlatform } from './twin/twin-platform.ts'
import { TwinService } from './twin/twin-service.ts'

checkForLeaks()

/** Two gateways on one home, and one account of a platform between them; the first is connected. */
async function openTwo() {
  await using stack = new AsyncDisposableStack()
  const clock = new FakeClock()
  const service = new TwinService({ clock })
  const definition = { ...twinPlatform(service), accountOf: () => 'bot' }
  const stores = stack.use(openTestDatabases({ clock })).databases.gateway
  const first = stack.use(await openSupervisor({ definition, clock, stores }))
  await first.supervisor.start()
  const second = stack.use(await openSupervisor({ definition, clock, stores }))
  await second.supervisor.start()
  const owned = stack.move()
  return { clock, service, first, second, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

const stateOf = ({ supervisor }: TestSupervisor) => supervisor.status.state
/** Half a second at a time, because the database answers in real time. */
const untilConnected = (one: TestSupervisor, clock: FakeClock) =>
  until('it is connected', 5_000, async () => {
    await clock.advance(500)
    return stateOf(one) === 'connected'
  })

test('of two gateways on one home one is connected, and the other says which process is and until when', async () => {
  await using t = await openTwo()
  const { id } = t.first.runner
  const untilWhen = new Date(t.clock.now() + 20_000).toISOString()
  expect(t.second.supervisor.status).toMatchObject({
    state: 'backing_off',
    reason: `The account is held by gateway ${id} (pid ${process.pid}) until ${untilWhen}.`,
    nextAttemptAt: t.clock.now() + 2_000,
    attempts: 0,
  })
  for (let ms = 0; ms < 120_000; ms += 5_000) await t.clock.advance(5_000)
  expect([stateOf(t.first), stateOf(t.second), t.service.connections, t.first.supervisor.status.attempts]).toEqual(['connected', 'backing_off', 1, 1])
  expect([...t.second.supervisor.failures]).toEqual([])
})

test('what the one that stands by sees is not written down as how the platform is doing, not even its end', async () => {
  await using t = await openTwo()
  await t.clock.advance(4_000)
  await t.second.supervisor[Symbol.asyncDispose]()
  expect(await t.first.store.latest()).toMatchObject([{ platform: 'twin', state: 'connected' }])
  expect(await t.first.store.history('twin', { limit: 9 })).toHaveLength(1)
})

test('the one that stands by takes over within seconds of the other leaving, or losing its connection', async () => {
  await using t = await openTwo()
  await t.first.supervisor[Symbol.asyncDispose]()
  await t.clock.advance(2_000)
  await untilConnected(t.second, t.clock)
  expect(t.service.connections).toBe(1)
})

test('a gateway that is no more is succeeded within seconds, long before its time is up', async () => {
  await using t = await openTwo()
  await t.first.stores.runners.remove(t.first.runner.id)
  await t.clock.advance(2_000)
  await until('it is connected', 5_000, () => stateOf(t.second) === 'connected')
  expect(await t.first.stores.platformLeases.acquire({ platform: 'twin', account: 'bot', holder: 'x', ttlMs: 1 })).toMatchObject({
    holder: t.second.runner.id,
    fence: 2,
  })
})

test('a gateway that has lost the account disconnects, and stands by from then on', async () => {
  await using t = await openTwo()
  await t.first.stores.runners.remove(t.first.runner.id)
  await t.clock.advance(2_000)
  await untilConnected(t.second, t.clock)
  await t.clock.advance(5_000)
  await until('it has left', 5_000, async () => {
    await t.clock.advance(500)
    return t.service.connections === 1 && t.first.supervisor.status.reason?.includes(t.second.runner.id)
  })
  expect([stateOf(t.first), stateOf(t.second)]).toEqual(['backing_off', 'connected'])
  expect(await t.first.store.latest()).toMatchObject([{ state: 'connected' }])
})

test('a gateway that cannot renew disconnects before another may connect, and connects again when it can', async () => {
  await using t = await openTwo()
  await t.second.supervisor[Symbol.asyncDispose]()
  const { platformLeases } = t.first.stores
  const renew = platformLeases.renew.bind(platformLeases)
  platformLeases.renew = async () => {
    throw new Error('The disk is gone.')
  }
  const lease = await platformLeases.acquire({ platform: 'twin', account: 'bot', holder: 'x', ttlMs: 1 })
  await t.clock.advance(14_000)
  expect(stateOf(t.first)).toBe('connected')
  await until('it has disconnected', 5_000, async () => {
    await t.clock.advance(100)
    return t.service.connections === 0
  })
  expect(t.clock.now()).toBeLessThan(lease.expiresAt)
  platformLeases.renew = renew
  await untilConnected(t.first, t.clock)
})

test('a pause keeps both from connecting, and whichever is told to resume connects', async () => {
  await using t = await openTwo()
  await t.first.supervisor.pause()
  await t.clock.advance(2_000)
  await until('both are paused', 5_000, () => stateOf(t.second) === 'paused')
  await t.clock.advance(60_000)
  expect([stateOf(t.first), t.service.connections]).toEqual(['paused', 0])
  await t.second.supervisor.resume()
  await until('it is connected', 5_000, () => stateOf(t.second) === 'connected')
  await t.clock.advance(10_000)
  await until('the other stands by', 5_000, async () => {
    await t.clock.advance(500)
    return stateOf(t.first) === 'backing_off'
  })
  expect(t.service.connections).toBe(1)
})
