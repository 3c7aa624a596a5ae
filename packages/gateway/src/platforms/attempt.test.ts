import { getEventListeners } from 'node:events'
import { silentLog } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { scriptedConnection } from '../../test/open-supervisor.ts'
import { Attempt } from './attempt.ts'
import type { ConnectContext } from './definition.ts'
import type { Platform } from './platform.ts'
import { PlatformError } from './platform-error.ts'

function attemptOf(connect: (context: ConnectContext) => Promise<Platform> = async () => scriptedConnection(), stop = new AbortController()) {
  let context: ConnectContext | undefined
  const heard = { degraded: 0 }
  const clock = new FakeClock()
  const attempt = new Attempt({
    connect: (given) => {
      context = given
      return connect(given)
    },
    receive: async () => 'accepted',
    onDegraded: () => (heard.degraded += 1),
    stop: stop.signal,
    clock,
    log: silentLog,
  })
  return { attempt, stop, heard, clock, context: () => context! }
}

test('an attempt listens to its end while it lasts, and no longer', async () => {
  const { attempt, stop } = attemptOf()
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1)
  await attempt[Symbol.asyncDispose]()
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0)
})

test('an attempt that is over before it has begun connects to nothing that hangs', async () => {
  const stop = new AbortController()
  stop.abort()
  const { attempt } = attemptOf(() => new Promise(() => {}), stop)
  await expect(attempt.connect()).rejects.toMatchObject({ code: 'connection_lost' })
  await attempt[Symbol.asyncDispose]()
})

test('an attempt that is given up hears it through its signal, with why', async () => {
  const { attempt, context } = attemptOf()
  await attempt.connect()
  expect(context().signal.aborted).toBe(false)
  context().lost(new PlatformError('conflict', 'Somebody else is connected.'))
  await attempt[Symbol.asyncDispose]()
  expect(context().signal.reason).toMatchObject({ code: 'conflict' })
})

test('whatever is thrown is an error of platforms', async () => {
  const { attempt } = attemptOf(async () => {
    throw new TypeError('no such option')
  })
  await expect(attempt.connect()).rejects.toBeInstanceOf(PlatformError)
  await attempt[Symbol.asyncDispose]()
})

test('what it mounts answers until its end, and nothing is mounted later', async () => {
  const { attempt, context } = attemptOf()
  await attempt.connect()
  const answer = () => new Response()
  context().mount(answer)
  expect(attempt.mounted).toBe(answer)
  await attempt[Symbol.asyncDispose]()
  expect(attempt.mounted).toBeUndefined()
  context().mount(answer)
  expect(attempt.mounted).toBeUndefined()
})

test('that something does not work is told once for each change, and not after the end', async () => {
  const { attempt, context, heard } = attemptOf()
  await attempt.connect()
  for (const reason of ['slow', 'slow', undefined, undefined]) context().degraded(reason)
  expect(heard.degraded).toBe(2)
  await attempt[Symbol.asyncDispose]()
  context().degraded('late')
  expect([heard.degraded, attempt.degraded]).toEqual([2, undefined])
})

test('what is opened after the end is refused with why, and closed on the spot, whatever way it is handed over', async () => {
  const { attempt, context } = attemptOf()
  await attempt.connect()
  const { resources } = context()
  context().lost(new PlatformError('conflict', 'Somebody else is connected.'))
  await attempt[Symbol.asyncDispose]()
  const closed: string[] = []
  const late = [
    () => resources.defer(() => void closed.push('deferred')),
    () => resources.adopt('adopted', (value) => void closed.push(value)),
    () => resources.use({ [Symbol.dispose]: () => void closed.push('used') }),
    () => resources.use({ [Symbol.asyncDispose]: async () => void closed.push('used later') }),
  ]
  for (const open of late) expect(open).toThrow('Somebody else is connected.')
  expect(closed).toEqual(['deferred', 'adopted', 'used', 'used later'])
})

test('all that hangs has five seconds together; what comes after is told to go all the same, and harms nobody by failing', async () => {
  const told: string[] = []
  const { attempt, clock } = attemptOf(async ({ resources }) => {
    resources.defer(async () => {
      told.push('fails')
      throw new Error('no')
    })
    for (const _ of [1, 2]) {
      resources.defer(() => {
        told.push('hangs')
        return new Promise<never>(() => {})
      })
    }
    return scriptedConnection()
  })
  await attempt.connect()
  let isOver = false
  const over = attempt[Symbol.asyncDispose]().then(() => (isOver = true))
  await clock.advance(4_999)
  expect(isOver).toBe(false)
  await clock.advance(1)
  await over
  expect(told).toEqual(['hangs', 'hangs', 'fails'])
})
