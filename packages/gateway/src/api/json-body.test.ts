import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { until, within } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ROOT_KEY, startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'
import { echo, TestAgent } from '../../test/test-agent.ts'
import type { ApiError } from './api-error.ts'
import { MAX_BODY_BYTES, parseInput, readBody } from './json-body.ts'

checkForLeaks()

/** Every route that takes a body. */
const ROUTES = [
  ['POST', '/v1/chat/completions'],
  ['POST', '/v1/responses'],
  ['POST', '/v1/responses/input_tokens'],
  ['POST', '/v1/responses/compact'],
  ['POST', '/v1/conversations'],
  ['POST', '/v1/runs'],
  ['POST', '/api/sessions'],
  ['POST', '/api/keys'],
  ['POST', '/api/backups'],
  ['PATCH', '/api/sessions/mine'],
  ['POST', '/api/sessions/mine/chat'],
  ['POST', '/api/sessions/mine/chat/stream'],
  ['POST', '/api/sessions/mine/fork'],
] as const

const INVALID: readonly (readonly [string, string | Uint8Array])[] = [
  ['text that is no JSON', 'hello'],
  ['half an object', '{"input": "x"'],
  ['an array', '[{"input": "x"}]'],
  ['a string', '"hello"'],
  ['a number', '7'],
  ['true', 'true'],
  ['null', 'null'],
  ['two objects', '{}{}'],
  ['bytes that are no text', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
  ['text cut in the middle of a character', new Uint8Array([0x7b, 0xe2, 0x82])],
  ['half of a surrogate pair', '{"input": "\\ud83d"}'],
  ['the other half', '{"input": "a\\uDE00b"}'],
  ['half a pair in a name', '{"\\ud83d": 1}'],
  ['half a pair deep inside', '{"metadata": {"a": ["\\ud83d"]}}'],
  ['brackets without an end', '['.repeat(100_000)],
  ['a depth that nobody needs', `{"input": ${'['.repeat(201)}${']'.repeat(201)}}`],
  ['objects within objects', `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`],
]

test('a body that is no JSON object is refused on every route, and nothing is made', async () => {
  await using t = await startTestGateway()
  await t.api.json(t.api.post('/api/sessions', { id: 'mine' }))
  for (const [what, body] of INVALID) {
    for (const [method, path] of ROUTES)
      expect([what, path, await t.api.refusal(t.api.call(method, path, { body }))]).toEqual([what, path, { status: 400, code: 'invalid_json', param: null }])
  }
  expect((await t.stores.sessions.list({ all: true }, { limit: 10 })).length).toBe(1)
  expect(t.agent.runs).toEqual([])
})

test('an empty body is an empty object', async () => {
  await using t = await startTestGateway()
  expect((await t.api.post('/api/sessions')).status).toBe(201)
  expect((await t.api.post('/api/sessions', '')).status).toBe(201)
  expect(await t.api.refusal(t.api.post('/v1/runs', ''))).toEqual({ status: 400, code: 'missing_required_parameter', param: 'input' })
})

test('a whole pair of surrogates, escaped or not, and what looks like half of one, are kept as they are', async () => {
  await using t = await startTestGateway()
  for (const [raw, kept] of [
    ['\\ud83d\\ude00', '😀'],
    ['😀', '😀'],
    ['\\\\ud83d', '\\ud83d'],
    ['\\u0000', '\u0000'],
  ] as const) {
    const { session } = await t.api.json(t.api.post('/api/sessions', `{"title": "${raw}x"}`))
    expect((await t.api.json(t.api.get(`/api/sessions/${session.id}`))).session.title).toBe(`${kept}x`)
  }
})

test('brackets in strings are no depth', async () => {
  await using t = await startTestGateway()
  expect((await t.api.post('/api/sessions', { title: 'x', metadata: { a: `${'['.repeat(5_000)}"\\"${'{'.repeat(5_000)}` } })).status).toBe(201)
})

test('a parameter called __proto__ is refused like any other that nobody knows', async () => {
  await using t = await startTestGateway()
  for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/runs', '/api/sessions']) {
    const refusal = await t.api.refusal(
      t.api.post(
        path,
        '{"__proto__": {"stream": true, "input": "x", "messages": [{"role": "user", "content": "x"}]}, "input": "x", "messages": [{"role": "user", "content": "x"}]}',
      ),
    )
    expect([path, refusal]).toEqual([path, { status: 400, code: 'unknown_parameter', param: '__proto__' }])
  }
})

test('a body of exactly the limit is taken, one byte more is not', async () => {
  await using t = await startTestGateway()
  const body = (bytes: number) => `{"metadata":{"a":"${'x'.repeat(bytes - 21)}"}}`
  expect(body(MAX_BODY_BYTES).length).toBe(MAX_BODY_BYTES)
  expect((await t.api.post('/api/sessions', body(MAX_BODY_BYTES))).status).toBe(201)
  expect(await t.api.refusal(t.api.post('/api/sessions', body(MAX_BODY_BYTES + 1)))).toEqual({ status: 413, code: 'body_too_large', param: null })
})

/** Speaks HTTP by hand: sends the parts one by one, and returns all that came back. */
async function speak(t: TestGateway, parts: readonly string[], options: { readonly pauseMs?: number } = {}): Promise<string> {
  const socket = connect(t.server.port, '127.0.0.1')
  socket.on('error', () => {})
  const answer = text(socket).catch(() => '')
  for (const part of parts) {
    // As clients do: no more is sent than is taken, and nothing once there is an answer.
    if (socket.bytesRead > 0) break
    if (!socket.write(part)) await Promise.race([once(socket, 'drain'), answer]).catch(() => {})
    if (options.pauseMs) await sleep(options.pauseMs)
  }
  return answer
}

const head = (lines: readonly string[]) =>
  `POST /api/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${ROOT_KEY}\r\nConnection: close\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`

test('a declared length that is too much is refused before the body is sent', async () => {
  await using t = await startTestGateway({ listens: true })
  const answer = await within(5_000, 'an answer', speak(t, [head([`Content-Length: ${MAX_BODY_BYTES + 1}`]), 'x']))
  expect(answer).toMatch(/^HTTP\/1.1 413 /)
  expect(answer).toContain('body_too_large')
})

test('a body without a declared length is cut at the limit, however long it goes on', async () => {
  await using t = await startTestGateway({ listens: true })
  const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`
  const endless = head(['Transfer-Encoding: chunked']).replace('Connection: close\r\n', '')
  const answer = await within(10_000, 'an answer', speak(t, [endless, ...Array.from({ length: 30 }, () => chunk)]))
  expect(answer).toMatch(/^HTTP\/1.1 413 /)
  expect(answer).toContain('body_too_large')
  await until('the connection is given back', 5_000, () => t.server.connections === 0)
})

test('a body in chunks is read as any other', async () => {
  await using t = await startTestGateway({ listens: true })
  const answer = await speak(t, [head(['Transfer-Encoding: chunked']), '8\r\n{"title"\r\n', '5\r\n:"x"}\r\n', '0\r\n\r\n'], { pauseMs: 20 })
  expect(answer).toMatch(/^HTTP\/1.1 201 /)
})

test('a header cannot smuggle another one into an answer', async () => {
  await using t = await startTestGateway({ listens: true })
  for (const id of ['a\r\nX-Evil: 1', 'a%0d%0aX-Evil: 1', 'a\u0001b']) {
    const answer = await within(
      5_000,
      'an answer',
      speak(t, [head([`X-Talaria-Session-Id: ${id}`, 'Content-Length: 2']).replace('/api/sessions', '/v1/chat/completions'), '{}']),
    )
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).not.toMatch(/^X-Evil/im)
  }
  const answer = await speak(t, [head(['Content-Length: 2', 'Origin: https://x\u000d\u000aX-Evil: 1']), '{}'])
  expect(answer).not.toMatch(/^X-Evil/im)
})

test('who sends headers or a body drop by drop is cut off, and others are answered meanwhile', async () => {
  await using t = await startTestGateway({ listens: true, timeouts: { headersMs: 200, requestMs: 400, checkEveryMs: 50 } })
  const dripping = [
    within(5_000, 'the headers are cut off', speak(t, [...`POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(60)}`], { pauseMs: 10 })),
    within(5_000, 'the body is cut off', speak(t, [head(['Content-Length: 1000']), ...'x'.repeat(60)], { pauseMs: 10 })),
  ]
  expect((await t.api.get('/v1/models')).status).toBe(200)
  for (const answer of await Promise.all(dripping)) expect(answer).toMatch(/^$|^HTTP\/1.1 408 /)
})

/** @see L15: HTTP clients never closed, CLOSE_WAIT pile-up (hermes-agent #14209, #14210, #96027, #18451) */
test('clients that go away in the middle of anything leave no connection behind', async () => {
  await using t = await startTestGateway({ listens: true, agent: new TestAgent() })
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], stream: true })
  const whole = head([`Content-Length: ${body.length}`]).replace('/api/sessions', '/v1/chat/completions') + body
  const leave: readonly ((socket: ReturnType<typeof connect>) => void)[] = [
    (socket) => socket.end(),
    (socket) => socket.destroy(),
    (socket) => socket.resetAndDestroy(),
  ]
  for (const go of leave) {
    for (const sent of ['', whole.slice(0, 30), whole.slice(0, -10), whole]) {
      const socket = connect(t.server.port, '127.0.0.1')
      socket.on('error', () => {}).resume()
      if (sent) socket.write(sent)
      await sleep(30)
      go(socket)
    }
  }
  for (const run of t.agent.runs) await within(5_000, 'the run ends', run.ended)
  await until('no connection is left', 5_000, () => t.server.connections === 0)
})

test('a refusal in a union names the field of the branch that was meant', () => {
  const schema = z.object({
    item: z.union([z.object({ type: z.literal('a'), x: z.string() }), z.object({ type: z.literal('b'), y: z.object({ z: z.number() }) })]),
  })
  const refusal = (value: unknown) => {
    try {
      return parseInput(schema, value)
    } catch (error) {
      return [(error as ApiError).code, (error as ApiError).param]
    }
  }
  expect(refusal({ item: { type: 'b', y: {} } })).toEqual(['missing_required_parameter', 'item.y.z'])
  expect(refusal({ item: { type: 'b' } })).toEqual(['missing_required_parameter', 'item.y'])
  expect(refusal({ item: { type: 'a' } })).toEqual(['missing_required_parameter', 'item.x'])
  expect(refusal({})).toEqual(['missing_required_parameter', 'item'])
  expect(refusal({ item: 7 })).toEqual(['invalid_value', 'item'])
})

test('a body is read once, whoever asks for it', async () => {
  const app = new Hono()
  app.post('/', async (c) => c.json([await readBody(c, z.object({ a: z.number() })), await readBody(c, z.object({ a: z.number() }))]))
  expect(await (await app.request('/', { method: 'POST', body: '{"a":1}' })).json()).toEqual([{ a: 1 }, { a: 1 }])
})

test('what a client sends after it was refused does not disturb its next request', async () => {
  await using t = await startTestGateway({ listens: true, agent: new TestAgent({ play: echo }) })
  const wrong = t.api.as('wrong')
  for (let n = 0; n < 5; n++) {
    expect((await wrong.post('/v1/runs', { input: 'x'.repeat(2_000_000) })).status).toBe(401)
    expect((await t.api.post('/v1/runs', { input: 'Hello' })).status).toBe(202)
  }
})
