import { getActiveResourcesInfo } from 'node:process'
import { createLog, silentLog } from '@talaria/core'
import { FakeClock, until } from '@talaria/core/testing'
import { checkForLeaks, openTestDatabases } from '@talaria/db/testing'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { startTestGateway } from '../../test/start-test-gateway.ts'
import type { ApiEnv } from '../api/api-context.ts'
import { isApiServerWanted, planApiServer } from './api-server-plan.ts'
import { ApiServer, type ApiServerOptions } from './api-server.ts'

checkForLeaks()

const KEY = 'b0a9f3d17c5e2846'

test.each([
  ['no key', {}, 'not_configured', 'is not set'],
  ['an empty key', { apiServerKey: '  ' }, 'not_configured', 'is not set'],
  ['a placeholder', { apiServerKey: 'change-me-please' }, 'misconfigured', 'is a placeholder'],
  ['a short key', { apiServerKey: KEY.slice(1) }, 'misconfigured', 'has fewer than 16 characters'],
  ['no key though it is enabled', { apiServerEnabled: true }, 'not_configured', 'is not set'],
  ['a key that is switched off', { apiServerEnabled: false, apiServerKey: KEY }, 'disabled', 'API_SERVER_ENABLED is false'],
] as const)('with %s the API server cannot be started, and its plan says why', (_, settings, state, reason) => {
  const plan = planApiServer({ apiServerEnabled: undefined, apiServerKey: undefined, ...settings })
  expect(plan).toEqual({ state, reason: expect.stringContaining(reason) })
  if (state !== 'disabled') expect((plan as { reason: string }).reason).toContain('API_SERVER_KEY')
})

test('a key of sixteen characters alone enables it', () => {
  expect(planApiServer({ apiServerEnabled: undefined, apiServerKey: KEY })).toEqual({ state: 'ready' })
  expect(planApiServer({ apiServerEnabled: true, apiServerKey: KEY })).toEqual({ state: 'ready' })
})

test('it is wanted by whoever set a key or enabled it, unless it is switched off', () => {
  const wanted = (apiServerEnabled: boolean | undefined, apiServerKey: string | undefined) => isApiServerWanted({ apiServerEnabled, apiServerKey })
  expect([wanted(undefined, undefined), wanted(undefined, 'short'), wanted(true, undefined), wanted(false, KEY)]).toEqual([false, true, true, false])
})

/** @see I-1: without a key the adapter is built all the same, and building it opens what nothing closes (hermes-agent #36111) */
test.each([
  ['no key', { API_SERVER_KEY: '', API_SERVER_ENABLED: 'true' }, 'not_configured'],
  ['a placeholder', { API_SERVER_KEY: 'your-api-key-here' }, 'misconfigured'],
  ['a short key', { API_SERVER_KEY: 'a1b2c3d4e5' }, 'misconfigured'],
  ['a key that is switched off', { API_SERVER_ENABLED: 'false' }, 'disabled'],
])('with %s the gateway opens nothing, says why, tries nothing again, and its paths name what to set', async (_, env, state) => {
  const clock = new FakeClock()
  await using t = await startTestGateway({ env, clock })
  const [platform] = t.gateway.status.platforms
  expect(platform).toMatchObject({ name: 'api_server', state, reason: expect.stringContaining('API_SERVER_') })
  for (const path of ['/v1/models', '/v1/chat/completions', '/api/sessions', '/openapi.json', '/docs']) {
    const response = await t.api.get(path)
    expect([path, response.status, response.headers.get('retry-after')]).toEqual([path, 503, null])
    expect(await response.json()).toEqual({
      error: { message: expect.stringContaining(platform!.reason!), type: 'server_error', param: null, code: 'api_server_not_ready' },
    })
  }
  expect((await t.api.get('/health')).status).toBe(200)
  // Whoever operates it needs a key to look inside, and there is none unless it is merely switched off.
  expect((await t.api.get('/handles')).status).toBe(state === 'disabled' ? 200 : 503)
  await clock.advance(60 * 60_000)
  expect(t.gateway.status.platforms[0]).toEqual(platform)
  expect(t.databases.stats()).toMatchObject({ databases: 0, connections: 0 })
})

function open(options: Partial<ApiServerOptions> = {}) {
  const calls = { probe: 0, createApp: 0 }
  const clock = new FakeClock()
  const server = new ApiServer({
    plan: { state: 'ready' },
    clock,
    log: silentLog,
    ...options,
    probe: async () => {
      calls.probe += 1
      await options.probe?.()
    },
    createApp: () => {
      calls.createApp += 1
      return options.createApp?.() ?? new Hono<ApiEnv>()
    },
  })
  return { server, clock, calls }
}

test('building it does nothing', () => {
  const { server, clock, calls } = open()
  expect([server.status.state, calls, clock.sleeping]).toEqual(['stopped', { probe: 0, createApp: 0 }, 0])
  expect(() => server.app).toThrow('The API server is stopped')
})

test('connected means that the store has answered', async () => {
  const answer = Promise.withResolvers<void>()
  const { server, calls } = open({ probe: () => answer.promise })
  const starting = server.start()
  expect(server.status.state).toBe('connecting')
  expect(() => server.app).toThrow(expect.objectContaining({ code: 'api_server_not_ready', headers: { 'Retry-After': '5' } }))
  answer.resolve()
  await starting
  expect([server.status.state, calls]).toEqual(['connected', { probe: 1, createApp: 1 }])
  expect(server.app).toBeDefined()
  await server[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  expect(server.status.state).toBe('stopped')
  expect(() => server.app).toThrow('The API server is stopped')
})

test('it tries again every five seconds until the store answers, says why meanwhile, and then no more', async () => {
  let isDown = true
  const { server, clock, calls } = open({
    probe: async () => {
      if (isDown) throw new Error('gateway.db is locked')
    },
  })
  await server.start()
  expect(server.status).toMatchObject({ state: 'backing_off', reason: 'gateway.db is locked' })
  expect(() => server.app).toThrow('gateway.db is locked')
  await clock.advance(14_999)
  expect(calls).toEqual({ probe: 3, createApp: 0 })
  isDown = false
  await clock.advance(1)
  expect([server.status.state, server.status.reason, calls]).toEqual(['connected', null, { probe: 4, createApp: 1 }])
  await clock.advance(60_000)
  expect(calls).toEqual({ probe: 4, createApp: 1 })
  await server[Symbol.asyncDispose]()
  expect(clock.sleeping).toBe(0)
})

test('an app that cannot be built is a failure like any other', async () => {
  const { server, clock } = open({
    createApp: () => {
      throw new Error('no such route')
    },
  })
  await server.start()
  expect(server.status).toMatchObject({ state: 'backing_off', reason: 'no such route' })
  await server[Symbol.asyncDispose]()
  expect(clock.sleeping).toBe(0)
})

test('a server that cannot be started says so once in the log', async () => {
  const lines: string[] = []
  const log = createLog('gateway', { destination: { write: (line: string) => void lines.push(line) } })
  const { server } = open({ plan: { state: 'misconfigured', reason: 'API_SERVER_KEY is a placeholder.' }, log })
  await server.start()
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('API_SERVER_KEY is a placeholder.')
})

/** @see I-2: each retry makes a fresh adapter that is dropped undisposed (PR #37053, issue #37011) */
test.each(['probe', 'createApp'] as const)('a thousand tries that fail leave nothing behind: %s', async (failing) => {
  await using test = openTestDatabases()
  const before = { resources: getActiveResourcesInfo().length, leases: test.databases.stats().leases }
  const { server, clock, calls } = open({
    probe: async () => {
      await test.databases.gateway.sessions.exists('')
      if (failing === 'probe') throw new Error('not yet')
    },
    createApp: () => {
      throw new Error('not yet')
    },
  })
  await server.start()
  const { connections } = test.databases.stats()
  for (let n = 1; n < (process.env.TALARIA_TEST_FULL ? 1_000 : 100); n++) {
    await clock.advance(5_000)
    await until('it has tried', 2_000, () => calls.probe > n)
  }
  expect(test.databases.stats().connections).toBe(connections)
  await server[Symbol.asyncDispose]()
  expect(clock.sleeping).toBe(0)
  await until('no timer is left', 2_000, () => getActiveResourcesInfo().length <= before.resources)
  expect(test.databases.stats().leases).toBe(before.leases)
})
