import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { createLog } from '@talaria/core'
import { SECURITY_HEADERS } from '@talaria/core/http'
import { deepHealthSchema, handlesReportSchema, healthSchema, jsonErrorSchema, serviceStatusSchema } from '@talaria/core/contracts'
import { checkForLeaks } from '@talaria/db/testing'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { dataOf } from '../test/frames.ts'
import { startTestGateway, type TestGateway } from '../test/start-test-gateway.ts'
import { TestAgent } from '../test/test-agent.ts'
import { renderError } from './api/render-error.ts'

checkForLeaks()

const HELLO = { messages: [{ role: 'user', content: 'Hello' }] }
const ORIGIN = 'https://chat.example.org'

/** Every kind of answer there is, by what it is called and how to get it. */
const KINDS: readonly (readonly [string, number, (t: TestGateway, headers: Record<string, string>) => Promise<Response>])[] = [
  ['health', 200, (t, headers) => t.api.as(undefined).get('/health', { headers })],
  ['a health alias', 200, (t, headers) => t.api.as(undefined).get('/v1/health', { headers })],
  ['a page', 200, (t, headers) => t.api.as(undefined).get('/docs', { headers })],
  ['JSON', 200, (t, headers) => t.api.get('/v1/models', { headers })],
  ['a chat answer', 200, (t, headers) => t.api.post('/v1/chat/completions', HELLO, { headers })],
  ['a chat stream', 200, (t, headers) => t.api.post('/v1/chat/completions', { ...HELLO, stream: true }, { headers })],
  ['a response stream', 200, (t, headers) => t.api.post('/v1/responses', { input: 'Hello', stream: true }, { headers })],
  ['an accepted run', 202, (t, headers) => t.api.post('/v1/runs', { input: 'Hello' }, { headers })],
  ['metrics', 200, (t, headers) => t.api.get('/metrics', { headers })],
  ['a refused body', 400, (t, headers) => t.api.post('/v1/chat/completions', 'no JSON', { headers })],
  ['a refused key', 401, (t, headers) => t.api.as('wrong').get('/v1/models', { headers })],
  ['a refused operator', 401, (t, headers) => t.api.as('wrong').get('/handles', { headers })],
  ['nothing there', 404, (t, headers) => t.api.get('/nowhere', { headers })],
  ['nothing there in the API', 404, (t, headers) => t.api.get('/v1/nowhere', { headers })],
]

describe.each([
  ['without a network', {}],
  ['through a socket', { listens: true }],
])('%s', (_, options) => {
  test('security headers and an id of its own are on every kind of answer', async () => {
    await using t = await startTestGateway(options)
    const ids = new Set<string | null>()
    for (const [kind, status, call] of KINDS) {
      const response = await call(t, {})
      expect([kind, response.status]).toEqual([kind, status])
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect([kind, name, response.headers.get(name)]).toEqual([kind, name, value])
      expect(response.headers.get('x-request-id')).toMatch(/^req_/)
      ids.add(response.headers.get('x-request-id'))
      await response.text()
    }
    expect(ids.size).toBe(KINDS.length)
  })

  test('a page of a listed origin may read every kind of answer, and the headers that matter', async () => {
    await using t = await startTestGateway({ ...options, env: { API_SERVER_CORS_ORIGINS: ORIGIN } })
    for (const [kind, status, call] of KINDS) {
      const response = await call(t, { origin: ORIGIN })
      expect([kind, response.status, response.headers.get('access-control-allow-origin')]).toEqual([kind, status, ORIGIN])
      expect(response.headers.get('access-control-expose-headers')).toContain('X-Talaria-Session-Id')
      expect(response.headers.get('vary')).toContain('Origin')
      await response.text()
    }
  })
})

test('a browser is told beforehand what it may send: all verbs, our headers, and those of OpenAI’s client', async () => {
  await using t = await startTestGateway({ env: { API_SERVER_CORS_ORIGINS: ORIGIN } })
  const ask = (path: string, origin: string) =>
    t.api.as(undefined).call('OPTIONS', path, {
      headers: {
        origin,
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'authorization, x-stainless-os, x-evil, x-talaria-events',
      },
    })
  for (const path of ['/v1/chat/completions', '/api/sessions/x', '/v1/runs/x/events']) {
    const response = await ask(path, ORIGIN)
    expect(response.status).toBe(204)
    const allowed = response.headers.get('access-control-allow-headers')!.toLowerCase().split(', ')
    expect(response.headers.get('access-control-allow-methods')!.split(', ').toSorted()).toEqual(['DELETE', 'GET', 'OPTIONS', 'PATCH', 'POST'])
    expect(allowed).toEqual(
      expect.arrayContaining([
        'authorization',
        'content-type',
        'idempotency-key',
        'last-event-id',
        'x-talaria-events',
        'x-hermes-session-id',
        'x-stainless-os',
      ]),
    )
    expect(allowed).not.toContain('x-evil')
    expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(response.headers.get(name)).toBe(value)
  }
})

test('a page of another origin is refused before anything is done for it', async () => {
  await using t = await startTestGateway({ env: { API_SERVER_CORS_ORIGINS: ORIGIN } })
  for (const origin of ['https://evil.example.org', 'null', `${ORIGIN}.evil.org`]) {
    const response = await t.api.post('/v1/runs', { input: 'Hello' }, { headers: { origin } })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([403, null])
    expect(((await response.json()) as { error: { code: string } }).error.code).toBe('forbidden_origin')
  }
  expect(t.agent.runs).toEqual([])
})

test('without a list only pages of the gateway itself may call it; with * every page may', async () => {
  await using closed = await startTestGateway()
  const call = (t: TestGateway, origin: string) => t.api.get('/v1/models', { headers: { origin, host: '127.0.0.1:8642' } })
  expect((await call(closed, ORIGIN)).status).toBe(403)
  expect((await call(closed, 'http://127.0.0.1:8642')).status).toBe(200)
  await closed[Symbol.asyncDispose]()
  await using open = await startTestGateway({ env: { API_SERVER_CORS_ORIGINS: '*' } })
  expect((await call(open, ORIGIN)).headers.get('access-control-allow-origin')).toBe(ORIGIN)
})

test('a gateway on loopback is not called under a foreign name, unless that is listed', async () => {
  await using t = await startTestGateway({ listens: true, env: { API_SERVER_ALLOWED_HOSTS: 'talaria.lan' } })
  const call = async (host: string) => {
    const outgoing = request({ port: t.server.port, host: '127.0.0.1', path: '/v1/models', headers: { host, authorization: 'Bearer wrong' } }).end()
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    const body = JSON.parse(await text(incoming)) as { error: { code: string } }
    return [incoming.statusCode, body.error.code, incoming.headers['x-frame-options']]
  }
  expect(await call('evil.example.org')).toEqual([403, 'forbidden_host', 'DENY'])
  expect(await call(`talaria.lan:${t.server.port}`)).toEqual([401, 'gateway_auth_failed', 'DENY'])
  expect(await call('localhost')).toEqual([401, 'gateway_auth_failed', 'DENY'])
})

test('health, the documentation and its source are open; everything else wants a key', async () => {
  await using t = await startTestGateway()
  const open = t.api.as(undefined)
  for (const path of ['/health', '/v1/health', '/docs', '/openapi.json']) expect([path, (await open.get(path)).status]).toEqual([path, 200])
  for (const path of ['/status', '/handles', '/metrics', '/health/deep', '/v1/models', '/v1/capabilities', '/api/sessions', '/api/keys', '/v1/nowhere']) {
    expect([path, (await open.get(path)).status]).toEqual([path, 401])
  }
})

test('what operators are told has the shape that was agreed on', async () => {
  await using t = await startTestGateway()
  expect(healthSchema.parse(await t.api.json(t.api.get('/health')))).toMatchObject({ status: 'ok', service: 'gateway' })
  expect(serviceStatusSchema.parse(await t.api.json(t.api.get('/status')))).toMatchObject({
    status: 'running',
    platforms: [{ name: 'api_server', state: 'connected', reason: null }],
  })
  const deep = deepHealthSchema.parse(await t.api.json(t.api.get('/health/deep')))
  expect(deep.checks.map(({ name, status }) => `${name}: ${status}`)).toEqual([
    'session store: ok',
    'write: ok',
    'integrity: ok',
    expect.stringMatching(/^disk: (ok|degraded)$/),
    'platforms: ok',
    'descriptors: ok',
  ])
  const handles = handlesReportSchema.parse(await t.api.json(t.api.get('/handles')))
  expect(handles.handles.map(({ role }) => role).toSorted()).toEqual(['reader', 'writer'])
  expect(handles.descriptors.classes!.database).toBeLessThanOrEqual(handles.expectedDatabaseDescriptors)
})

test('metrics count what runs did', async () => {
  await using t = await startTestGateway()
  await t.api.json(t.api.post('/v1/chat/completions', HELLO))
  const metrics = await (await t.api.get('/metrics')).text()
  for (const line of ['runs_settled_total{status="completed"} 1', 'runs_active 0', 'platform_state{platform="api_server",state="connected"} 1'])
    expect(metrics).toContain(line)
  expect(metrics).toMatch(/db_bytes\{database="gateway",part="main"\} \d+/)
})

test('only admins see the inside of the gateway', async () => {
  await using t = await startTestGateway()
  const keyOf = async (scopes: readonly string[]) => (await t.api.json(t.api.post('/api/keys', { name: scopes.join(), scopes }))).key as string
  const [chat, admin] = [await keyOf(['chat']), await keyOf(['admin'])]
  for (const path of ['/status', '/handles', '/metrics', '/health/deep']) {
    expect(await t.api.refusal(t.api.as(chat).get(path))).toEqual({ status: 403, code: 'insufficient_scope', param: null })
    expect((await t.api.as(admin).get(path)).status).toBe(200)
  }
})

test('what nobody foresaw is a 500 with an id that stands in the log, and no detail', async () => {
  const lines: Record<string, unknown>[] = []
  const log = createLog('gateway', { destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) } })
  const app = new Hono()
  app.onError((error, c) => renderError(error, c, log))
  app.get('/', () => {
    throw new Error('the password is hunter2')
  })
  const response = await app.request('/')
  const body = jsonErrorSchema.parse(await response.json())
  expect([response.status, body.error.code]).toEqual([500, 'server_error'])
  expect(JSON.stringify(body)).not.toContain('hunter2')
  const id = /err_[0-9a-f]+/.exec(body.error.message)![0]
  expect(lines.find((line) => line['error_id'] === id)).toMatchObject({ err: { message: 'the password is hunter2' } })
})

test('streams end with their clients when the gateway stops, and health says that it drains', async () => {
  await using t = await startTestGateway({ listens: true, env: { TALARIA_SHUTDOWN_GRACE: '300ms' }, agent: new TestAgent() })
  const streaming = t.api.frames(t.api.post('/v1/responses', { input: 'Hello', stream: true }))
  ;(await t.agent.next()).say('Half')
  const draining = t.gateway.drain()
  expect(await t.api.json(t.api.get('/health'))).toMatchObject({ status: 'draining' })
  expect(await t.api.refusal(t.api.post('/v1/runs', { input: 'more' }))).toMatchObject({ status: 503, code: 'gateway_draining' })
  await draining
  expect(dataOf(await streaming).at(-1)).toMatchObject({
    type: 'response.failed',
    response: { status: 'failed', error: { code: 'gateway_shutdown' }, output: [{ content: [{ text: 'Half' }] }] },
  })
})
