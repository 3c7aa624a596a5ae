import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import type { ApiClient } from '../../test/api-client.ts'
import { ROOT_KEY, startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'

checkForLeaks()

/** Makes a named key, and calls with it. */
async function keyed(
  t: TestGateway,
  key: { readonly name: string; readonly scopes?: readonly string[]; readonly service?: boolean },
  headers?: Record<string, string>,
): Promise<ApiClient> {
  return t.api.as((await t.api.json(t.api.post('/api/keys', key))).key as string, headers)
}

test('the root key is let in, whatever the case of the scheme; anything else is not', async () => {
  await using t = await startTestGateway()
  const status = async (authorization: string) => (await t.api.as(undefined, { authorization }).get('/v1/models')).status
  for (const right of [`Bearer ${ROOT_KEY}`, `bearer  ${ROOT_KEY}`]) expect([right, await status(right)]).toEqual([right, 200])
  for (const wrong of [ROOT_KEY, `Basic ${ROOT_KEY}`, 'Bearer', 'Bearer ', `Bearer ${ROOT_KEY}x`, `Bearer ${ROOT_KEY.slice(1)}`, 'Bearer tal_unknown'])
    expect([wrong, await status(wrong)]).toEqual([wrong, 401])
})

test('a refusal of a key says what to send, as OpenAI’s clients understand it', async () => {
  await using t = await startTestGateway()
  const response = await t.api.as('wrong').get('/v1/models')
  expect(response.headers.get('www-authenticate')).toBe('Bearer')
  expect(await response.json()).toEqual({
    error: {
      message: expect.stringContaining('Invalid gateway API key (API_SERVER_KEY)'),
      type: 'gateway_auth_error',
      param: null,
      code: 'gateway_auth_failed',
    },
  })
})

test('a named key is let in until it is revoked, and then at once no more', async () => {
  await using t = await startTestGateway()
  const api = await keyed(t, { name: 'open webui' })
  expect((await api.get('/v1/models')).status).toBe(200)
  expect((await t.api.delete('/api/keys/open%20webui')).status).toBe(200)
  expect((await api.get('/v1/models')).status).toBe(401)
})

const SCOPES: readonly (readonly [string, string, string, unknown])[] = [
  ['read', 'GET', '/v1/models', undefined],
  ['read', 'GET', '/v1/capabilities', undefined],
  ['read', 'GET', '/v1/runs', undefined],
  ['read', 'GET', '/v1/runs/x', undefined],
  ['read', 'GET', '/v1/runs/x/events', undefined],
  ['read', 'GET', '/v1/responses/x', undefined],
  ['read', 'GET', '/v1/responses/x/input_items', undefined],
  ['read', 'POST', '/v1/responses/input_tokens', { input: 'x' }],
  ['read', 'GET', '/v1/conversations/x', undefined],
  ['read', 'GET', '/v1/conversations/x/items', undefined],
  ['read', 'GET', '/v1/conversations/x/items/y', undefined],
  ['read', 'GET', '/api/sessions', undefined],
  ['read', 'GET', '/api/sessions/search?q=x', undefined],
  ['read', 'GET', '/api/sessions/x', undefined],
  ['read', 'GET', '/api/sessions/x/messages', undefined],
  ['chat', 'POST', '/v1/chat/completions', { messages: [{ role: 'user', content: 'x' }] }],
  ['chat', 'POST', '/v1/responses', { input: 'x' }],
  ['chat', 'POST', '/v1/responses/compact', { input: 'x' }],
  ['chat', 'DELETE', '/v1/responses/x', undefined],
  ['chat', 'POST', '/v1/responses/x/cancel', undefined],
  ['chat', 'POST', '/v1/conversations', {}],
  ['chat', 'POST', '/v1/conversations/x', { metadata: {} }],
  ['chat', 'DELETE', '/v1/conversations/x', undefined],
  ['chat', 'POST', '/v1/conversations/x/items', { items: [{ role: 'user', content: 'x' }] }],
  ['chat', 'DELETE', '/v1/conversations/x/items/y', undefined],
  ['chat', 'POST', '/v1/runs', { input: 'x' }],
  ['chat', 'POST', '/v1/runs/x/steer', { input: 'x' }],
  ['chat', 'POST', '/v1/runs/x/stop', undefined],
  ['chat', 'POST', '/v1/runs/x/approval', { choice: 'once' }],
  ['chat', 'POST', '/api/sessions', {}],
  ['chat', 'PATCH', '/api/sessions/x', {}],
  ['chat', 'DELETE', '/api/sessions/x', undefined],
  ['chat', 'POST', '/api/sessions/x/fork', {}],
  ['chat', 'POST', '/api/sessions/x/chat', { message: 'x' }],
  ['chat', 'POST', '/api/sessions/x/chat/stream', { message: 'x' }],
  ['admin', 'GET', '/api/keys', undefined],
  ['admin', 'POST', '/api/keys', { name: 'x' }],
  ['admin', 'DELETE', '/api/keys/x', undefined],
  ['admin', 'POST', '/api/backups', {}],
  ['admin', 'POST', '/api/reload', {}],
  ['read', 'GET', '/api/commands', undefined],
  ['chat', 'POST', '/api/sessions/x/commands', { text: '/status' }],
  ['read', 'GET', '/api/sessions/x/queue', undefined],
  ['chat', 'PATCH', '/api/sessions/x/queue/y', { text: 'x' }],
  ['chat', 'DELETE', '/api/sessions/x/queue/y', undefined],
  ['read', 'GET', '/api/jobs', undefined],
  ['chat', 'POST', '/api/jobs', { name: 'x', schedule: 'every 1d', prompt: 'x' }],
  ['read', 'GET', '/api/jobs/queue', undefined],
  ['read', 'POST', '/api/jobs/preview', { schedule: 'every 1d' }],
  ['read', 'GET', '/api/jobs/x', undefined],
  ['chat', 'PATCH', '/api/jobs/x', { name: 'y' }],
  ['chat', 'DELETE', '/api/jobs/x', undefined],
  ['chat', 'POST', '/api/jobs/x/pause', undefined],
  ['chat', 'POST', '/api/jobs/x/resume', undefined],
  ['chat', 'POST', '/api/jobs/x/run', undefined],
  ['read', 'GET', '/api/jobs/x/runs', undefined],
  ['read', 'GET', '/api/jobs/x/runs/y', undefined],
  ['admin', 'GET', '/api/deliveries', undefined],
  ['admin', 'GET', '/api/deliveries/counts', undefined],
  ['admin', 'POST', '/api/deliveries/x/replay', undefined],
  ['admin', 'GET', '/api/pairing', undefined],
  ['admin', 'POST', '/api/pairing/approve', { platform: 'x', code: 'y' }],
  ['admin', 'DELETE', '/api/pairing/x/y', undefined],
  ['admin', 'GET', '/api/platforms', undefined],
  ['admin', 'GET', '/api/platforms/x', undefined],
  ['admin', 'POST', '/api/platforms/x/pause', undefined],
  ['admin', 'POST', '/api/platforms/x/resume', undefined],
  ['admin', 'POST', '/api/platforms/x/reconnect', undefined],
]

test('each route wants its scope, and a scope that includes it will do', async () => {
  await using t = await startTestGateway()
  const clients = Object.fromEntries(
    await Promise.all(['read', 'chat', 'admin'].map(async (scope) => [scope, await keyed(t, { name: scope, scopes: [scope] })] as const)),
  )
  const enough: Readonly<Record<string, readonly string[]>> = { read: ['read', 'chat', 'admin'], chat: ['chat', 'admin'], admin: ['admin'] }
  for (const [wanted, method, path, body] of SCOPES) {
    for (const [scope, client] of Object.entries(clients)) {
      const response = await client.call(method, path, { body })
      const isLetIn = response.status !== 403
      await response.text()
      expect([method, path, scope, isLetIn]).toEqual([method, path, scope, enough[wanted]!.includes(scope)])
    }
  }
})

test('every route of the API is on the list of scopes', async () => {
  await using t = await startTestGateway()
  const { endpoints } = await t.api.json(t.api.get('/v1/capabilities'))
  const shapeOf = (method: string, path: string) => `${method} ${path.replace(/\?.*/, '').replaceAll(/\/(:\w+|[xy])(?=\/|$)/g, '/*')}`
  const listed = new Set(SCOPES.map(([, method, path]) => shapeOf(method, path)))
  const missing = (endpoints as { method: string; path: string }[])
    .map(({ method, path }) => shapeOf(method, path))
    .filter((endpoint) => !listed.has(endpoint) && endpoint !== 'GET /v1/models/*')
  expect(missing).toEqual([])
})

test('a named key sees what it made, the root key and admins see everything, and nobody else learns that it is there', async () => {
  await using t = await startTestGateway()
  const [mine, theirs, admin] = [await keyed(t, { name: 'mine' }), await keyed(t, { name: 'theirs' }), await keyed(t, { name: 'admin', scopes: ['admin'] })]
  const { session } = await mine.json(mine.post('/api/sessions', { title: 'Mine' }))
  const response = await mine.json(mine.post('/v1/responses', { input: 'Hello' }))
  const run = await mine.json(mine.post('/v1/runs', { input: 'Hello' }))
  const conversation = await mine.json(mine.post('/v1/conversations', {}))
  const paths: Readonly<Record<string, readonly [string, string]>> = {
    [`/api/sessions/${session.id}`]: ['session_not_found', 'session_id'],
    [`/api/sessions/${session.id}/messages`]: ['session_not_found', 'session_id'],
    [`/v1/responses/${response.id}`]: ['response_not_found', 'response_id'],
    [`/v1/responses/${response.id}/input_items`]: ['response_not_found', 'response_id'],
    [`/v1/runs/${run.run_id}`]: ['run_not_found', 'run_id'],
    [`/v1/runs/${run.run_id}/events`]: ['run_not_found', 'run_id'],
    [`/v1/conversations/${conversation.id}`]: ['conversation_not_found', 'conversation'],
    [`/v1/conversations/${conversation.id}/items`]: ['conversation_not_found', 'conversation'],
  }
  for (const [path, [code, param]] of Object.entries(paths)) {
    for (const client of [mine, t.api, admin]) {
      const found = await client.get(path)
      await found.text()
      expect([path, found.status]).toEqual([path, 200])
    }
    expect(await theirs.refusal(theirs.get(path))).toEqual({ status: 404, code, param })
  }
  const writes: readonly (readonly [string, string, unknown])[] = [
    ['PATCH', `/api/sessions/${session.id}`, { title: 'Theirs' }],
    ['DELETE', `/api/sessions/${session.id}`, undefined],
    ['POST', `/api/sessions/${session.id}/fork`, {}],
    ['POST', `/api/sessions/${session.id}/chat`, { message: 'Hello' }],
    ['DELETE', `/v1/responses/${response.id}`, undefined],
    ['POST', `/v1/responses/${response.id}/cancel`, undefined],
    ['POST', `/v1/responses`, { input: 'Hello', previous_response_id: response.id }],
    ['POST', `/v1/responses`, { input: 'Hello', conversation: conversation.id }],
    ['POST', `/v1/responses/input_tokens`, { input: 'Hello', previous_response_id: response.id }],
    ['POST', `/v1/responses/compact`, { input: 'Hello', previous_response_id: response.id }],
    ['POST', `/v1/runs`, { input: 'Hello', session_id: session.id }],
    ['POST', `/v1/runs`, { input: 'Hello', previous_response_id: response.id }],
    ['POST', `/v1/runs/${run.run_id}/steer`, { input: 'Hello' }],
    ['POST', `/v1/runs/${run.run_id}/stop`, undefined],
    ['POST', `/v1/runs/${run.run_id}/approval`, { choice: 'once' }],
    ['POST', `/v1/conversations/${conversation.id}`, { metadata: {} }],
    ['POST', `/v1/conversations/${conversation.id}/items`, { items: [{ role: 'user', content: 'Hello' }] }],
    ['DELETE', `/v1/conversations/${conversation.id}`, undefined],
  ]
  for (const [method, path, body] of writes) expect([path, (await theirs.refusal(theirs.call(method, path, { body }))).status]).toEqual([path, 404])
  expect(
    (
      await theirs.refusal(
        theirs.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'x' }] }, { headers: { 'X-Talaria-Session-Id': session.id } }),
      )
    ).status,
  ).toBe(404)
  for (const [path, mineToo] of [
    ['/api/sessions', 3],
    ['/v1/runs', 2],
    ['/api/sessions/search?q=Hello', 2],
  ] as const) {
    expect((await theirs.json(theirs.get(path))).data).toEqual([])
    expect((await mine.json(mine.get(path))).data.length).toBeGreaterThanOrEqual(mineToo)
  }
  expect((await mine.json(mine.get(`/api/sessions/${session.id}`))).session.title).toBe('Mine')
})

/** @see hermes-agent #7484: users share a session because its id is a hash of the first message */
test('two keys that say the same words are in two conversations, and neither can guess the other’s', async () => {
  await using t = await startTestGateway()
  const [one, other] = [await keyed(t, { name: 'one' }), await keyed(t, { name: 'other' })]
  const say = async (api: ApiClient, messages: readonly object[]) => {
    const response = await api.post('/v1/chat/completions', { messages: [{ role: 'system', content: 'Be brief.' }, ...messages] })
    return {
      session: response.headers.get('x-talaria-session-id')!,
      answer: ((await response.json()) as { choices: { message: object }[] }).choices[0]!.message,
    }
  }
  const hello = { role: 'user', content: 'Hello' }
  const first = await say(one, [hello])
  const same = await say(other, [hello])
  const again = await say(one, [hello])
  expect(new Set([first.session, same.session, again.session]).size).toBe(3)
  for (const { session } of [first, same, again]) expect(session).toMatch(/^ses_[0-9a-f]{32}$/)
  // The very transcript that both have stored continues for each key where that key began it; a third begins anew.
  const transcript = [hello, first.answer, { role: 'user', content: 'And now?' }]
  expect((await say(other, transcript)).session).toBe(same.session)
  expect((await say(one, transcript)).session).toBeOneOf([first.session, again.session])
  const third = await say(await keyed(t, { name: 'third' }), transcript)
  expect([first.session, same.session, again.session]).not.toContain(third.session)
})

test('a service key acts for its users, each of whom sees only their own; another service’s users are others', async () => {
  await using t = await startTestGateway()
  const key = (await t.api.json(t.api.post('/api/keys', { name: 'portal', service: true }))).key as string
  const otherKey = (await t.api.json(t.api.post('/api/keys', { name: 'other', service: true }))).key as string
  const as = (user: string | undefined, service = key, header = 'X-Talaria-User') => t.api.as(service, user === undefined ? {} : { [header]: user })
  await as('alice').json(as('alice').post('/api/sessions', { id: 'of-alice' }))
  await as(undefined).json(as(undefined).post('/api/sessions', { id: 'of-portal' }))
  const seen = async (api: ApiClient) => ((await api.json(api.get('/api/sessions'))).data as { id: string }[]).map(({ id }) => id)
  expect(await seen(as('alice'))).toEqual(['of-alice'])
  expect(await seen(as('alice', key, 'X-Hermes-User'))).toEqual(['of-alice'])
  expect(await seen(as('bob'))).toEqual([])
  expect(await seen(as('alice', otherKey))).toEqual([])
  expect(await seen(as(undefined))).toEqual(['of-portal'])
  expect(await seen(as('alice', ROOT_KEY))).toEqual([])
  expect((await seen(t.api)).toSorted()).toEqual(['of-alice', 'of-portal'])
})

test('a key that is no service cannot act for a user', async () => {
  await using t = await startTestGateway()
  const api = await keyed(t, { name: 'plain' }, { 'X-Talaria-User': 'alice' })
  expect(await api.refusal(api.get('/v1/models'))).toEqual({ status: 403, code: 'insufficient_scope', param: null })
})

test('an address with many wrong keys is told to wait, while a right key is let in from there', async () => {
  await using t = await startTestGateway()
  const wrong = () => t.api.as('wrong').get('/v1/models')
  for (let n = 0; n < 20; n++) expect((await wrong()).status).toBe(401)
  const refused = await wrong()
  expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.toSatisfy((seconds: number) => seconds > 0 && seconds <= 60)])
  expect((await t.api.get('/v1/models')).status).toBe(200)
})

test('a user’s name that is no name is refused, but only to who has a key', async () => {
  await using t = await startTestGateway()
  const headers = { 'X-Talaria-User': 'a'.repeat(257) }
  expect(await t.api.refusal(t.api.get('/v1/models', { headers }))).toEqual({ status: 400, code: 'invalid_header', param: 'X-Talaria-User' })
  expect((await t.api.as('wrong').get('/v1/models', { headers })).status).toBe(401)
})

test('the use of a key is noted', async () => {
  await using t = await startTestGateway()
  const api = await keyed(t, { name: 'noted' })
  expect((await t.api.json(t.api.get('/api/keys'))).data[0].last_used_at).toBeNull()
  await (await api.get('/v1/models')).text()
  await expect.poll(async () => (await t.api.json(t.api.get('/api/keys'))).data[0].last_used_at).not.toBeNull()
})
