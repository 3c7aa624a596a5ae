import { createAgent } from '@talaria/agent'
import { createLog, silentLog, systemClock } from '@talaria/core'
import { descriptorsOf, expectSameDescriptors, until, within } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from './api-client.ts'
import { startTestGateway, type TestGateway } from './start-test-gateway.ts'

checkForLeaks()

const REQUESTS = process.env.TALARIA_TEST_FULL ? 10_000 : 500

const tool = { type: 'function', function: { name: 'look', description: 'Looks', parameters: { type: 'object', properties: { at: { type: 'number' } } } } }
const picture = { type: 'image_url', image_url: { url: 'https://a.example/a.png', detail: 'low' } }

/** Every route that takes a body, with one that has as much in it as it may. */
const VALID: readonly (readonly ['POST' | 'PATCH', string, object])[] = [
  [
    'POST',
    '/v1/chat/completions',
    {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'Hello' }, picture] },
        { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'c', content: 'a cat' },
      ],
      temperature: 1,
      max_tokens: 50,
      stop: ['x'],
      tools: [tool],
      tool_choice: 'auto',
      response_format: { type: 'text' },
      metadata: { a: 'b' },
      stream_options: { include_usage: true },
      stream: true,
      user: 'u',
      n: 1,
      logprobs: false,
    },
  ],
  [
    'POST',
    '/v1/responses',
    {
      model: 'm',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
        { type: 'function_call', call_id: 'c', name: 'look', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: 'a cat' },
        { type: 'reasoning', summary: [] },
      ],
      instructions: 'Be brief.',
      tools: [{ type: 'function', name: 'look', parameters: {} }],
      tool_choice: 'auto',
      text: { format: { type: 'text' } },
      reasoning: { effort: 'low' },
      include: ['reasoning.encrypted_content'],
      metadata: { a: 'b' },
      truncation: 'auto',
      store: true,
      stream: true,
      conversation: 'fuzz',
    },
  ],
  ['POST', '/v1/responses/input_tokens', { input: 'Hello', instructions: 'x', tools: [{ type: 'function', name: 'look' }] }],
  ['POST', '/v1/responses/compact', { input: [{ role: 'user', content: 'Hello' }], instructions: 'x' }],
  ['POST', '/v1/conversations', { items: [{ role: 'user', content: 'Hello' }], metadata: { a: 'b' } }],
  ['POST', '/v1/conversations/$conversation', { metadata: { a: 'b' } }],
  [
    'POST',
    '/v1/conversations/$conversation/items',
    {
      items: [
        { role: 'user', content: 'Hello' },
        { id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] },
      ],
    },
  ],
  [
    'POST',
    '/v1/runs',
    {
      input: ['Hello', { role: 'assistant', content: 'Hi' }, 'And?'],
      instructions: 'x',
      session_id: 'mine',
      conversation_history: [{ role: 'user', content: 'Hello' }],
      model: 'm',
    },
  ],
  ['POST', '/v1/runs/$run/steer', { input: 'Hello' }],
  ['POST', '/v1/runs/$run/stop', {}],
  ['POST', '/v1/runs/$run/approval', { choice: 'once', approval_id: 'q', all: true }],
  ['POST', '/api/sessions', { title: 'x', model: 'm', system_prompt: 'x', metadata: { a: [1, { b: null }] } }],
  ['PATCH', '/api/sessions/mine', { title: 'x', pinned: true, hidden: false, metadata: {}, end_reason: 'x' }],
  ['POST', '/api/sessions/mine/fork', { title: 'x', up_to: 3 }],
  ['POST', '/api/sessions/mine/chat', { message: [{ type: 'text', text: 'Hello' }, picture], system_message: 'x', on_disconnect: 'cancel' }],
  ['POST', '/api/sessions/mine/chat/stream', { input: 'Hello', instructions: 'x' }],
  ['POST', '/api/keys', { name: 'x', scopes: ['read'], service: true }],
]

/** Text that is likelier than most to be mistaken for something. */
const nastyText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '__proto__',
    'constructor',
    'null',
    '../..',
    "'; drop table session; --",
    '\uFEFF',
    '\u202E',
    '😀'.repeat(100),
    'x'.repeat(70_000),
    '!help',
    '!json',
    'data:image/png;base64,',
    'https://',
    'ses_',
    'conv_',
    '-1',
    '1e999',
    '%00',
    '\r\n\r\n',
  ),
  fc.string({ unit: 'binary', maxLength: 50 }),
)
const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: nastyText },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -1,
    0.5,
    1e308,
    -1e308,
    Number.MAX_SAFE_INTEGER + 2,
    [],
    {},
    [[]],
    [null],
    { type: 'message' },
    { type: 'item_reference', id: 'x' },
    { role: 'user' },
    { id: {} },
  ),
  fc.dictionary(fc.oneof(nastyText, fc.constantFrom('type', 'role', 'content', 'id', 'toString', 'hasOwnProperty')), fc.jsonValue({ maxDepth: 1 }), {
    maxKeys: 4,
  }),
)

interface Mutation {
  readonly at: number
  readonly how: 'replace' | 'remove' | 'add' | 'repeat'
  readonly value: unknown
  readonly name: string
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  how: fc.constantFrom('replace', 'remove', 'add', 'repeat'),
  value: nastyValue,
  name: nastyText,
})

/** A copy of a body in which something is not as it was. */
function mutated(body: object, { at, how, value, name }: Mutation): unknown {
  const copy = structuredClone(body) as Json
  const places: { readonly holder: Json; readonly key: string }[] = []
  const collect = (holder: Json) => {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key })
      if (typeof holder[key] === 'object' && holder[key] !== null) collect(holder[key])
    }
  }
  collect(copy)
  const place = places[at % Math.max(1, places.length)]
  if (!place) return how === 'remove' ? copy : value
  const { holder, key } = place
  if (how === 'replace') holder[key] = value
  else if (how === 'remove') delete holder[key]
  else if (how === 'add') Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true })
  else if (Array.isArray(holder)) holder.push(...Array.from({ length: 30 }, () => structuredClone(holder[Number(key)])))
  return copy
}

const request = fc.record({
  // The two that take most are tried most.
  route: fc.oneof(...VALID.map((route, n) => ({ weight: n < 2 ? 5 : 1, arbitrary: fc.constant(route) }))),
  body: fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .array(mutation, { minLength: 1, maxLength: 3 })
        .map(
          (all) => (body: object) =>
            JSON.stringify(all.reduce<unknown>((mutant, one) => (typeof mutant === 'object' && mutant !== null ? mutated(mutant, one) : mutant), body)),
        ),
    },
    { weight: 2, arbitrary: nastyValue.map((value) => () => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }).map((text) => () => text) },
    { weight: 1, arbitrary: fc.uint8Array().map((bytes) => () => bytes) },
    { weight: 1, arbitrary: fc.nat().map((at) => (body: object) => JSON.stringify(body).slice(0, at % JSON.stringify(body).length)) },
  ),
  headers: fc.dictionary(
    fc.constantFrom(
      'X-Talaria-Session-Id',
      'X-Talaria-User',
      'X-Talaria-Events',
      'X-Talaria-On-Disconnect',
      'Idempotency-Key',
      'Origin',
      'Last-Event-ID',
      'Content-Type',
    ),
    fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
    { maxKeys: 2 },
  ),
})

async function placesOf(t: TestGateway): Promise<Readonly<Record<string, string>>> {
  await t.api.json(t.api.post('/api/sessions', { id: 'mine' }))
  const conversation = await t.api.json(t.api.post('/v1/conversations', {}))
  const run = await t.api.json(t.api.post('/v1/runs', { input: 'Hello' }))
  return { $conversation: conversation.id, $run: run.run_id }
}

test('no body, however odd, is answered with a fault of ours, hangs, or leaves a file open', async () => {
  await using agent = createAgent({ settings: {}, clock: systemClock, log: silentLog })
  const faults: string[] = []
  const log = createLog('gateway', { level: 'error', destination: { write: (line: string) => void faults.push(line) } })
  await using t = await startTestGateway({ agent, log })
  const places = await placesOf(t)
  const call = async (method: string, path: string, body: string | Uint8Array, headers: Record<string, string> = {}) => {
    const target = path.replace(/\$\w+/, (name) => places[name]!)
    const response = await within(15_000, `an answer to ${method} ${path} ${String(body).slice(0, 500)}`, t.api.call(method, target, { body, headers }))
    return { status: response.status, text: await within(15_000, `the end of ${method} ${path} ${String(body).slice(0, 500)}`, response.text()) }
  }
  // What is opened once is opened by the bodies as they should be, each of which is taken.
  for (const [method, path, body] of VALID) {
    const { status, text } = await call(method, path, JSON.stringify(body))
    expect([path, status < 400 || /"code":"(run_not_accepting_steer|approval_not_pending|run_not_active)"/.test(text), text.slice(0, 300)]).toEqual([
      path,
      true,
      expect.anything(),
    ])
  }
  const open = await descriptorsOf()
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(request, async ({ route: [method, path, valid], body, headers }) => {
      const sent = body(valid) ?? 'null'
      const { status, text } = await call(method, path, sent, headers)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status >= 500 && !(status === 502 && text.includes('"code":"agent_failed"')))
        throw new Error(`${status} ${text} ${faults.at(-1)} to ${method} ${path} ${JSON.stringify(headers)} ${String(sent).slice(0, 5_000)}`)
      if (status >= 400) expect(JSON.parse(text)).toMatchObject({ error: { message: expect.any(String), type: expect.any(String), code: expect.any(String) } })
    }),
    { numRuns: REQUESTS, endOnFailure: true },
  )
  // Some of it was odd enough to be refused, some was not.
  expect(statuses.get(400)).toBeGreaterThan(REQUESTS / 10)
  expect((statuses.get(200) ?? 0) + (statuses.get(201) ?? 0) + (statuses.get(202) ?? 0)).toBeGreaterThan(REQUESTS / 20)
  expect((await t.api.get('/health')).status).toBe(200)
  await until(
    'every run has ended',
    10_000,
    async () => (await t.stores.turns.list({ all: true }, { limit: 1, status: ['queued', 'running', 'stopping', 'waiting_for_approval'] })).length === 0,
  )
  await expectSameDescriptors(open)
}, 600_000)

test('no query, however odd, is answered with a fault of ours', async () => {
  await using t = await startTestGateway()
  const places = await placesOf(t)
  const paths = [
    '/v1/runs',
    '/v1/runs/$run',
    '/v1/runs/$run/events',
    '/api/sessions',
    '/api/sessions/search',
    '/api/sessions/mine/messages',
    '/v1/conversations/$conversation/items',
    '/v1/responses/x',
    '/v1/models/x',
    '/api/keys',
  ]
  const query = fc.dictionary(
    fc.constantFrom('limit', 'after', 'before', 'order', 'q', 'status', 'session_id', 'stream', 'starting_after', 'archived', 'source'),
    nastyText,
    { maxKeys: 3 },
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), fc.option(nastyText), query, async (path, segment, parameters) => {
      const target = `${path.replace(/\$\w+/, (name) => places[name]!)}${segment === null ? '' : `/${encodeURIComponent(segment)}`}?${new URLSearchParams(parameters).toString()}`
      const response = await within(15_000, `an answer to ${target.slice(0, 500)}`, t.api.get(target))
      const text = await within(15_000, `the end of ${target.slice(0, 500)}`, response.text())
      if (response.status >= 500) throw new Error(`${response.status} ${text}`)
    }),
    { numRuns: REQUESTS / 2, endOnFailure: true },
  )
}, 600_000)
