import { systemClock } from '@talaria/core'
import { until } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import type { Json } from '../../test/api-client.ts'
import { startTestGateway } from '../../test/start-test-gateway.ts'
import { telegram } from '../platforms/telegram/telegram.ts'
import { twinPlatform } from '../platforms/twin/twin-platform.ts'
import { TwinService } from '../platforms/twin/twin-service.ts'

checkForLeaks()

/** Nobody listens there, so that a bot with this token is set up and not connected. */
const NOWHERE = 'http://127.0.0.1:9'
const TOKEN = '123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

async function startWithTwin(env: Readonly<Record<string, string>> = {}) {
  const service = new TwinService({ clock: systemClock })
  const t = await startTestGateway({ platforms: [twinPlatform(service), telegram], env })
  const stateOf = (name: string) => t.gateway.status.platforms.find((one) => one.name === name)?.state
  await until('it is connected', 5_000, () => stateOf('twin') === 'connected')
  return Object.assign(t, { service, stateOf })
}

test('platforms are listed with how they are doing, those that nobody has set up too', async () => {
  await using t = await startWithTwin()
  const { object, data } = await t.api.json(t.api.get('/api/platforms'))
  expect(object).toBe('list')
  expect(data).toMatchObject([
    { object: 'talaria.platform', name: 'api_server', state: 'connected' },
    { object: 'talaria.platform', name: 'twin', state: 'connected', reason: null, nextAttemptAt: null, attempts: 1 },
    { object: 'talaria.platform', name: 'telegram', state: 'not_configured', reason: expect.stringContaining('TELEGRAM_BOT_TOKEN'), attempts: 0 },
  ])
})

test('a platform is told with its history, newest first and a page at a time', async () => {
  await using t = await startWithTwin()
  t.service.drop()
  await until('it has failed', 2_000, () => t.stateOf('twin') === 'backing_off')
  expect((await t.api.json(t.api.post('/api/platforms/twin/pause', {}))).state).toBe('paused')
  const historyOf = async (query = '') => (await t.api.json(t.api.get(`/api/platforms/twin${query}`))).history as Json[]
  await until('all is written', 2_000, async () => (await historyOf()).length === 3)
  const all = await historyOf()
  expect(all.map(({ state }) => state)).toEqual(['paused', 'backing_off', 'connected'])
  expect(all[1]).toMatchObject({ reason: 'The twin dropped the connection.', nextAttemptAt: expect.any(Number), at: expect.any(Number) })
  const [newest] = await historyOf('?limit=1')
  expect(newest).toEqual(all[0])
  expect(await historyOf(`?before=${newest!.position}`)).toEqual(all.slice(1))
})

test('a platform that there is not is not found, and the refusal names those that there are', async () => {
  await using t = await startWithTwin()
  for (const answer of [t.api.get('/api/platforms/pigeon'), t.api.post('/api/platforms/pigeon/pause', {})]) {
    expect(await t.api.refusal(answer)).toEqual({ status: 404, code: 'platform_not_found', param: 'name' })
  }
  expect(await (await t.api.get('/api/platforms/pigeon')).text()).toContain('api_server, twin, telegram')
})

test('what cannot be controlled says why', async () => {
  await using t = await startWithTwin()
  const messageOf = async (path: string) => {
    const response = await t.api.post(`/api/platforms/${path}`, {})
    expect(response.status).toBe(409)
    return ((await response.json()) as Json).error.message as string
  }
  expect(await messageOf('telegram/reconnect')).toContain('TELEGRAM_BOT_TOKEN')
  expect(await messageOf('api_server/pause')).toContain('what answers here')
  await t.api.json(t.api.post('/api/platforms/twin/pause', {}))
  expect(await messageOf('twin/reconnect')).toContain('Resume it first')
  expect((await t.api.json(t.api.post('/api/platforms/twin/resume', {}))).object).toBe('talaria.platform')
  await until('it is connected', 2_000, () => t.stateOf('twin') === 'connected')
})

test('platforms are for admins', async () => {
  await using t = await startWithTwin()
  const { key } = await t.api.json(t.api.post('/api/keys', { name: 'reader', scopes: ['read', 'chat'] }))
  const reader = t.api.as(key)
  for (const answer of [reader.get('/api/platforms'), reader.get('/api/platforms/twin'), reader.post('/api/platforms/twin/pause', {})]) {
    expect((await answer).status).toBe(403)
  }
  expect(t.stateOf('twin')).toBe('connected')
})

test('health names a platform that is not connected, and every setting that lets everybody in', async () => {
  await using t = await startWithTwin({
    GATEWAY_ALLOW_ALL_USERS: 'true',
    TELEGRAM_BOT_TOKEN: TOKEN,
    TELEGRAM_API_ROOT: NOWHERE,
    TELEGRAM_ALLOW_ALL_USERS: 'true',
  })
  const platforms = async (): Promise<Json> => (await t.api.json(t.api.get('/health/deep'))).checks.find(({ name }: Json) => name === 'platforms')
  const open = await platforms()
  expect(open.status).toBe('degraded')
  for (const setting of ['GATEWAY_ALLOW_ALL_USERS', 'TELEGRAM_ALLOW_ALL_USERS']) expect(open.detail).toContain(setting)
  expect(open.detail).not.toContain('twin')
  await t.api.json(t.api.post('/api/platforms/twin/pause', {}))
  expect((await platforms()).detail).toContain('twin is paused: Paused by an operator.')
})

test('health is content while no platform that was set up is in trouble and none is open to all', async () => {
  await using t = await startWithTwin()
  expect((await t.api.json(t.api.get('/health/deep'))).checks).toContainEqual(expect.objectContaining({ name: 'platforms', status: 'ok' }))
})

test('metrics tell of each platform its state, attempts, failures by code, and time connected', async () => {
  await using t = await startWithTwin()
  t.service.refuse('network')
  t.service.drop()
  await until('it has failed', 2_000, () => t.stateOf('twin') === 'backing_off')
  const metrics = await (await t.api.get('/metrics')).text()
  for (const line of [
    'talaria_platform_state{platform="twin",state="backing_off"} 1',
    'talaria_platform_state{platform="telegram",state="not_configured"} 1',
    'talaria_platform_attempts_total{platform="twin"} 1',
    'talaria_platform_failures_total{platform="twin",code="connection_lost"} 1',
  ]) {
    expect(metrics).toContain(line)
  }
  const [, seconds] = /^talaria_platform_connected_seconds_total\{platform="twin"\} (\S+)$/m.exec(metrics)!
  expect(Number(seconds)).toBeGreaterThan(0)
})
