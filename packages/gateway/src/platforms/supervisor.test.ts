import { open } from 'node:fs/promises'
import { getEventListeners } from 'node:events'
import { getActiveResourcesInfo } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { FakeClock, until } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openSupervisor, scriptedConnection, scriptedPlatform } from '../../test/open-supervisor.ts'
import { settledHeap } from '../../test/settled-heap.ts'
import type { ConnectContext } from './definition.ts'
import type { Platform } from './platform.ts'
import { PlatformError } from './platform-error.ts'
import { twinPlatform } from './twin/twin-platform.ts'
import { TwinService } from './twin/twin-service.ts'

checkForLeaks()

const HEAP_SLACK_BYTES = 4 * 1024 * 1024
const forever = () => new Promise<never>(() => {})

async function openTwin() {
  const clock = new FakeClock()
  const service = new TwinService({ clock })
  const t = await openSupervisor({ definition: twinPlatform(service), clock })
  return Object.assign(t, { service })
}

test('building a supervisor opens nothing, and its platform is not connected', async () => {
  await using t = await openTwin()
  expect([t.supervisor.status.state, t.supervisor.current, t.service.asked, t.clock.sleeping]).toEqual(['stopped', undefined, 0, 0])
})

test('connected means that the service has accepted us; delivery finds the platform from then on, and not after its end', async () => {
  await using t = await openTwin()
  await t.supervisor.start()
  expect(t.supervisor.status).toMatchObject({ name: 'twin', state: 'connected', reason: null, attempts: 1, nextAttemptAt: null })
  expect(t.supervisor.current?.account).toBe(t.service.account)
  await t.supervisor[Symbol.asyncDispose]()
  await t.supervisor[Symbol.asyncDispose]()
  expect([t.supervisor.status.state, t.supervisor.current, t.service.connections, t.clock.sleeping]).toEqual(['stopped', undefined, 0, 0])
})

/** @see I-1: what cannot work was built and retried all the same (hermes-agent #36111) */
test.each(['not_configured', 'misconfigured', 'disabled'] as const)('a platform that is %s by its settings is never tried, and says why', async (state) => {
  let connects = 0
  const connect = async () => {
    connects += 1
    return scriptedConnection()
  }
  await using t = await openSupervisor({ definition: scriptedPlatform(connect, () => ({ state, reason: 'X_TOKEN is not set.' })) })
  await t.supervisor.start()
  await t.clock.advance(3_600_000)
  expect([await t.supervisor.resume(), await t.supervisor.reconnect(), await t.supervisor.pause()]).toEqual([false, false, false])
  expect([t.supervisor.status.state, t.supervisor.status.reason, connects]).toEqual([state, 'X_TOKEN is not set.', 0])
})

test('a connection that dies is made again by itself, after a pause that doubles while it goes on dying', async () => {
  await using t = await openTwin()
  await t.supervisor.start()
  t.service.refuse('network')
  t.service.drop()
  await t.clock.advance(0)
  expect(t.supervisor.status).toMatchObject({ state: 'backing_off', reason: 'The twin dropped the connection.', nextAttemptAt: t.clock.now() + 1_000 })
  await t.clock.advance(1_000)
  expect(t.supervisor.status).toMatchObject({ state: 'backing_off', attempts: 2 })
  t.service.heal()
  await t.clock.advance(1_000)
  expect(t.supervisor.status).toMatchObject({ state: 'connected', attempts: 3 })
  expect([...t.supervisor.failures]).toEqual([
    ['connection_lost', 1],
    ['network', 1],
  ])
})

test('what the service asks us to wait is waited', async () => {
  await using t = await openTwin()
  t.service.refuse('rate_limited', 45_000)
  await t.supervisor.start()
  expect(t.supervisor.status.nextAttemptAt).toBe(t.clock.now() + 45_000)
  t.service.heal()
  await t.clock.advance(44_999)
  expect(t.supervisor.status).toMatchObject({ state: 'backing_off', attempts: 1 })
  await t.clock.advance(1)
  expect(t.supervisor.status.state).toBe('connected')
})

test('only a minute of health makes it begin its pauses anew', async () => {
  const clock = new FakeClock()
  const service = new TwinService({ clock })
  await using t = await openSupervisor({ definition: twinPlatform(service), clock, random: () => 0.999 })
  await t.supervisor.start()
  const dropAfter = async (ms: number) => {
    await until('it is connected', 2_000, () => t.supervisor.status.state === 'connected')
    await clock.advance(ms)
    service.drop()
    await clock.advance(0)
    const waitMs = t.supervisor.status.nextAttemptAt! - clock.now()
    await clock.advance(waitMs)
    return Math.round(waitMs / 1_000)
  }
  expect([await dropAfter(100), await dropAfter(59_999), await dropAfter(100)]).toEqual([2, 4, 8])
  expect([await dropAfter(60_000), await dropAfter(100)]).toEqual([2, 4])
})

test('two probes in a row without an answer are a lost connection, one is not, and flood control is an answer', async () => {
  await using t = await openTwin()
  await t.supervisor.start()
  t.service.hang()
  await t.clock.advance(40_000)
  t.service.heal()
  await t.clock.advance(30_000)
  t.service.refuse('rate_limited')
  await t.clock.advance(300_000)
  t.service.heal()
  expect(t.supervisor.status).toMatchObject({ state: 'connected', attempts: 1 })
  t.service.hang()
  await t.clock.advance(79_000)
  expect(t.supervisor.status.state).toBe('connected')
  await t.clock.advance(2_000)
  expect(t.supervisor.failures.get('timeout')).toBe(1)
  expect(t.supervisor.current).toBeUndefined()
})

test('what does not work though it is connected is shown, and that it works again', async () => {
  let context: ConnectContext | undefined
  const connect = async (given: ConnectContext) => {
    context = given
    return scriptedConnection()
  }
  await using t = await openSupervisor({ definition: scriptedPlatform(connect) })
  await t.supervisor.start()
  context!.degraded('Messages of groups do not come.')
  expect(t.supervisor.status).toMatchObject({ state: 'degraded', reason: 'Messages of groups do not come.' })
  expect(t.supervisor.current).toBeDefined()
  context!.degraded(undefined)
  expect(t.supervisor.status).toMatchObject({ state: 'connected', reason: null })
})

test('what does not work is shown once it is connected, and not while nobody knows whether it will be', async () => {
  const accepted = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const connect = async ({ degraded }: ConnectContext) => {
    degraded('Messages of groups do not come.')
    asked.resolve()
    await accepted.promise
    return scriptedConnection()
  }
  await using t = await openSupervisor({ definition: scriptedPlatform(connect) })
  const started = t.supervisor.start()
  await asked.promise
  expect(t.supervisor.status).toMatchObject({ state: 'connecting', reason: null })
  accepted.resolve()
  await started
  expect(t.supervisor.status).toMatchObject({ state: 'degraded', reason: 'Messages of groups do not come.' })
})

test('a probe that takes ten seconds is told to end', async () => {
  const signals: AbortSignal[] = []
  const hang = async (signal: AbortSignal) => {
    signals.push(signal)
    await forever()
  }
  await using t = await openSupervisor({ definition: scriptedPlatform(async () => scriptedConnection(hang)) })
  await t.supervisor.start()
  await t.clock.advance(39_999)
  expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  await t.clock.advance(1)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
})

test('a paused platform is not connected, stays so over a restart, and connects when it is resumed', async () => {
  const clock = new FakeClock()
  const service = new TwinService({ clock })
  await using t = await openSupervisor({ definition: twinPlatform(service), clock })
  await t.supervisor.start()
  expect(await t.supervisor.pause()).toBe(true)
  expect([t.supervisor.status.state, service.connections, await t.supervisor.reconnect()]).toEqual(['paused', 0, false])
  await t.supervisor[Symbol.asyncDispose]()

  await using next = await openSupervisor({ definition: twinPlatform(service), clock, stores: t.stores })
  await next.supervisor.start()
  await clock.advance(3_600_000)
  expect([next.supervisor.status.state, service.connections]).toEqual(['paused', 0])
  expect(await next.supervisor.resume()).toBe(true)
  await clock.advance(0)
  await until('it is connected', 2_000, () => next.supervisor.status.state === 'connected')
})

test('its history is written down, newest first', async () => {
  const clock = new FakeClock()
  const service = new TwinService({ clock })
  await using t = await openSupervisor({ definition: twinPlatform(service), clock })
  await t.supervisor.start()
  service.drop()
  await clock.advance(500)
  await clock.advance(1_000)
  await until('it is connected', 2_000, () => t.supervisor.status.state === 'connected')
  await t.supervisor[Symbol.asyncDispose]()
  const history = await t.store.history('twin', { limit: 9 })
  expect(history.map(({ state }) => state)).toEqual(['stopped', 'connected', 'backing_off', 'connected'])
})

test('a store that cannot be asked keeps the platform waiting, as nobody knows whether it is paused', async () => {
  const clock = new FakeClock()
  const service = new TwinService({ clock })
  let isBroken = true
  const refuse = () => {
    if (isBroken) throw new Error('The disk is gone.')
  }
  const records = { record: async () => refuse(), setPaused: async () => refuse(), paused: async () => (refuse(), new Set<string>()) }
  await using t = await openSupervisor({ definition: twinPlatform(service), clock, records })
  await t.supervisor.start()
  expect(t.supervisor.status).toMatchObject({ state: 'backing_off', reason: 'The disk is gone.' })
  isBroken = false
  await clock.advance(1_000)
  expect(t.supervisor.status.state).toBe('connected')
})

test('reconnecting gives up a connection that hangs, at once', async () => {
  await using t = await openTwin()
  t.service.hang()
  const started = t.supervisor.start()
  await until('it was asked', 2_000, () => t.service.asked === 1)
  t.service.heal()
  expect(await t.supervisor.reconnect()).toBe(true)
  await started
  expect(t.supervisor.status).toMatchObject({ state: 'connected', attempts: 2 })
})

test('what an attempt opens after it was given up is closed on the spot, and its messages are not taken', async () => {
  const answer = Promise.withResolvers<void>()
  const after = { isClosed: false, received: '' }
  const connect = async ({ resources, receive }: ConnectContext): Promise<Platform> => {
    await answer.promise
    const refused = await receive({} as never).catch(() => 'refused')
    after.received = refused
    resources.defer(() => void (after.isClosed = true))
    return scriptedConnection()
  }
  await using t = await openSupervisor({ definition: scriptedPlatform(connect) })
  void t.supervisor.start()
  await t.clock.advance(0)
  await until('it connects', 2_000, () => t.supervisor.status.attempts === 1)
  await t.clock.advance(30_000)
  expect(t.supervisor.status).toMatchObject({ state: 'backing_off', reason: 'Connecting took longer than 30 s.' })
  answer.resolve()
  await until('it is closed', 2_000, () => after.isClosed)
  expect([after.received, t.supervisor.current]).toEqual(['refused', undefined])
})

test('a resource that hangs when it is disposed keeps no other from being disposed, and is left behind after five seconds', async () => {
  const disposed: string[] = []
  const connect = async ({ resources }: ConnectContext): Promise<Platform> => {
    resources.defer(() => void disposed.push('first'))
    resources.defer(() => forever())
    resources.defer(() => {
      throw new Error('no')
    })
    resources.defer(() => void disposed.push('last'))
    throw new PlatformError('network', 'Nobody is there.')
  }
  await using t = await openSupervisor({ definition: scriptedPlatform(connect) })
  void t.supervisor.start()
  await until('it is disposed', 2_000, () => disposed.length === 1)
  await t.clock.advance(4_999)
  expect([disposed, t.supervisor.status.state]).toEqual([['last'], 'connecting'])
  await t.clock.advance(1)
  expect([disposed, t.supervisor.status.state]).toEqual([['last', 'first'], 'backing_off'])
})

type Kind = 'retryable' | 'fatal' | 'misconfigured'

/** Every way in which an attempt ends, with what is left open unless the supervisor disposes it. */
const WAYS: Readonly<Record<string, { readonly kind: Kind; readonly connect: (context: ConnectContext) => Promise<Platform> }>> = {
  'the factory throws': {
    kind: 'retryable',
    connect: () => {
      throw new Error('no such option')
    },
  },
  'it is refused for now': { kind: 'retryable', connect: failing('network') },
  'it can never work': { kind: 'fatal', connect: failing('unsupported') },
  'a setting is wrong': { kind: 'misconfigured', connect: failing('auth_failed') },
  'it hangs': { kind: 'retryable', connect: forever },
  'it connects and dies': {
    kind: 'retryable',
    connect: async ({ lost }) => {
      setImmediate(() => lost(new PlatformError('connection_lost', 'gone')))
      return scriptedConnection()
    },
  },
  'its disposal throws': {
    kind: 'retryable',
    connect: ({ resources }) => {
      resources.defer(() => {
        throw new Error('already closed')
      })
      throw new PlatformError('network', 'no')
    },
  },
  'its disposal hangs': {
    kind: 'retryable',
    connect: ({ resources }) => {
      resources.defer(forever)
      throw new PlatformError('network', 'no')
    },
  },
}

function failing(code: PlatformError['code']) {
  return async (): Promise<Platform> => {
    throw new PlatformError(code, 'no')
  }
}

/** What any adapter opens: a file, a timer, and a listener on something that outlives it. */
async function openThings({ resources }: ConnectContext, longLived: EventTarget): Promise<void> {
  const file = await open('/dev/null')
  resources.use(file)
  resources.adopt(
    setInterval(() => {}, 1_000),
    (timer) => clearInterval(timer),
  )
  const listener = () => {}
  longLived.addEventListener('abort', listener)
  resources.defer(() => longLived.removeEventListener('abort', listener))
}

const ATTEMPTS = process.env.TALARIA_TEST_FULL ? 1_000 : 30

/** @see I-2: each retry makes a fresh adapter that is dropped undisposed (PR #37053, issue #37011) */
test.each(Object.entries(WAYS))(
  'when %s, any number of attempts leaves nothing, and the next is planned or rightly not',
  { timeout: 600_000 },
  async (_, way) => {
    const longLived = new AbortController().signal
    const connect = async (context: ConnectContext) => {
      await openThings(context, longLived)
      return way.connect(context)
    }
    await using t = await openSupervisor({ definition: scriptedPlatform(connect) })
    const attempt = async (nth: number) => {
      if (nth > 1 && way.kind !== 'retryable') expect(await t.supervisor.reconnect()).toBe(true)
      const hasFailed = () => t.supervisor.status.attempts >= nth && !['connecting', 'connected'].includes(t.supervisor.status.state)
      // Half a second at a time, because files open and close in real time.
      for (let waited = 0; !hasFailed() && waited < 1_000; waited++) {
        await sleep(1)
        await t.clock.advance(500)
      }
      expect([nth, hasFailed()]).toEqual([nth, true])
    }
    void t.supervisor.start()
    await attempt(1)
    const before = { timers: timers(), heap: settledHeap() }
    for (let nth = 2; nth <= ATTEMPTS; nth++) {
      await attempt(nth)
      if (way.kind !== 'retryable') continue
      expect(t.supervisor.status.nextAttemptAt).not.toBeNull()
      await t.clock.advance(t.supervisor.status.nextAttemptAt! - t.clock.now())
    }
    await attempt(ATTEMPTS)
    expect(t.supervisor.status).toMatchObject(
      way.kind === 'retryable'
        ? { state: 'backing_off', nextAttemptAt: expect.any(Number) }
        : { state: way.kind === 'fatal' ? 'failed' : 'misconfigured', nextAttemptAt: null },
    )
    expect(getEventListeners(longLived, 'abort')).toHaveLength(0)
    expect(timers()).toBeLessThanOrEqual(before.timers)
    expect(settledHeap() - before.heap).toBeLessThan(HEAP_SLACK_BYTES)
  },
)

const timers = () => getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
