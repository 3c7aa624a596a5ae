import { silentLog, systemClock } from '@talaria/core'
import { FakeClock, until } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openSupervisor, scriptedConnection, scriptedPlatform } from '../../test/open-supervisor.ts'
import { startTestGateway } from '../../test/start-test-gateway.ts'
import { ApiError } from '../api/api-error.ts'
import { mountedPlatforms } from './mounted-platforms.ts'
import { twinPlatform } from './twin/twin-platform.ts'
import { TwinService } from './twin/twin-service.ts'

checkForLeaks()

const named = (name: string, connect: Parameters<typeof scriptedPlatform>[0]) => ({ ...scriptedPlatform(connect), name })

test('a platform that hangs, one that crashes and one that floods touch neither the others nor the gateway', async () => {
  const service = new TwinService({ clock: systemClock })
  const hanging = named('hanging', () => new Promise<never>(() => {}))
  const crashing = named('crashing', () => {
    throw new Error('no such option')
  })
  const flooded = named('flooded', async ({ mount }) => {
    mount(() => new Promise<never>(() => {}))
    return scriptedConnection()
  })
  await using t = await startTestGateway({ platforms: [hanging, crashing, flooded, twinPlatform(service)] })
  const stateOf = (name: string) => t.gateway.status.platforms.find((one) => one.name === name)!.state
  await until('the sound ones are connected', 5_000, () => stateOf('twin') === 'connected' && stateOf('flooded') === 'connected')
  expect([stateOf('hanging'), stateOf('crashing'), stateOf('api_server')]).toEqual(['connecting', 'backing_off', 'connected'])

  const call = (name: string, body = '') => t.gateway.fetch(new Request(`http://127.0.0.1/platforms/${name}/hook`, { method: 'POST', body }))
  for (let times = 0; times < 64; times++) void call('flooded')
  const turnedAway = await call('flooded')
  expect([turnedAway.status, turnedAway.headers.get('retry-after')]).toEqual([503, '5'])
  expect((await call('twin')).status).toBe(503)
  expect((await call('nobody')).status).toBe(404)
  expect((await call('twin', 'x'.repeat(1024 * 1024 + 1))).status).toBe(413)
  const paused = await t.api.json(t.api.post('/api/platforms/twin/pause', {}))
  expect([paused.state, service.connections]).toEqual(['paused', 0])
  expect((await t.api.post('/api/platforms/api_server/pause', {})).status).toBe(409)
})

test('a platform that fails to answer is to be asked again, and 64 failures use up no place', async () => {
  let answers: () => Promise<Response> = async () => {
    throw new Error('no')
  }
  const webhooks = named('webhooks', async ({ mount }) => {
    mount(() => answers())
    return scriptedConnection()
  })
  const service = new TwinService({ clock: systemClock })
  await using t = await startTestGateway({ platforms: [webhooks, twinPlatform(service)] })
  await until('it is connected', 5_000, () => t.gateway.status.platforms.find(({ name }) => name === 'webhooks')?.state === 'connected')
  const call = async (name: string) => t.gateway.fetch(new Request(`http://127.0.0.1/platforms/${name}/hook`, { method: 'POST' }))
  for (let times = 0; times < 65; times++) {
    const failed = await call('webhooks')
    expect([times, failed.status, failed.headers.get('retry-after')]).toEqual([times, 503, '5'])
  }
  answers = async () => new Response('thank you')
  expect(await (await call('webhooks')).text()).toBe('thank you')
  expect((await call('twin')).headers.get('retry-after')).toBe('5')
})

test('a platform that does not answer for 30 seconds is to be asked again', async () => {
  const clock = new FakeClock()
  const hanging = scriptedPlatform(async ({ mount }) => {
    mount(() => new Promise<never>(() => {}))
    return scriptedConnection()
  })
  await using t = await openSupervisor({ definition: hanging, clock })
  await t.supervisor.start()
  const app = mountedPlatforms({ supervisors: { get: () => t.supervisor }, clock, log: silentLog })
  app.onError((error) => new Response(null, { status: error instanceof ApiError ? error.status : 500 }))
  let status = 0
  const answered = Promise.resolve(app.request('/platforms/scripted/hook', { method: 'POST' })).then((answer) => (status = answer.status))
  await clock.advance(29_999)
  expect(status).toBe(0)
  await clock.advance(1)
  await answered
  expect(status).toBe(503)
})
