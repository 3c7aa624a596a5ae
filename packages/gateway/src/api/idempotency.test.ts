import { setTimeout as sleep } from 'node:timers/promises'
import { createId, systemClock } from '@talaria/core'
import { until, within } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import type { Json } from '../../test/api-client.ts'
import { framesOf } from '../../test/frames.ts'
import { startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'
import { echo, TestAgent } from '../../test/test-agent.ts'

checkForLeaks()

const HELLO = { messages: [{ role: 'user', content: 'Hello' }] }
const withKey = (key: string, headers: Record<string, string> = {}) => ({ headers: { 'Idempotency-Key': key, ...headers } })

/** Every POST that creates something, with a body for it. */
const CREATING: readonly (readonly [string, (t: TestGateway) => Promise<{ readonly path: string; readonly body: object }>])[] = [
  ['a chat answer', async () => ({ path: '/v1/chat/completions', body: HELLO })],
  ['a chat stream', async () => ({ path: '/v1/chat/completions', body: { ...HELLO, stream: true } })],
  ['a response', async () => ({ path: '/v1/responses', body: { input: 'Hello' } })],
  ['a response that is not stored', async () => ({ path: '/v1/responses', body: { input: 'Hello', store: false } })],
  ['a response stream', async () => ({ path: '/v1/responses', body: { input: 'Hello', stream: true } })],
  ['a background response', async () => ({ path: '/v1/responses', body: { input: 'Hello', background: true } })],
  ['a compaction', async () => ({ path: '/v1/responses/compact', body: { input: 'Hello' } })],
  ['a conversation', async () => ({ path: '/v1/conversations', body: { metadata: { a: 'b' } } })],
  [
    'items',
    async (t) => ({
      path: `/v1/conversations/${(await t.api.json(t.api.post('/v1/conversations', {}))).id}/items`,
      body: { items: [{ role: 'user', content: 'Hello' }] },
    }),
  ],
  ['a run', async () => ({ path: '/v1/runs', body: { input: 'Hello' } })],
  ['a session', async () => ({ path: '/api/sessions', body: { title: 'Hello' } })],
  ['a fork', async (t) => ({ path: `/api/sessions/${await newSession(t)}/fork`, body: {} })],
  ['a chat in a session', async (t) => ({ path: `/api/sessions/${await newSession(t)}/chat`, body: { message: 'Hello' } })],
  ['a stream in a session', async (t) => ({ path: `/api/sessions/${await newSession(t)}/chat/stream`, body: { message: 'Hello' } })],
]

async function newSession(t: TestGateway): Promise<string> {
  return (await t.api.json(t.api.post('/api/sessions', {}))).session.id as string
}

/** What there is of everything that a POST could have made twice. */
async function countsOf(t: TestGateway): Promise<readonly number[]> {
  const turns = await t.stores.turns.list({ all: true }, { limit: 100 })
  const sessions = await t.stores.sessions.list({ all: true }, { limit: 100 })
  return [turns.length, sessions.length, sessions.reduce((sum, { messageCount }) => sum + messageCount, 0), t.agent.runs.length]
}

const tokenless = ({ status, headers }: Response) => ({
  status,
  type: headers.get('content-type'),
  session: headers.get('x-talaria-session-id'),
  run: headers.get('x-talaria-run-id'),
})

test.each(CREATING)('%s is made once, and its repetition gets the same answer and says so', async (_, ask) => {
  await using t = await startTestGateway()
  const { path, body } = await ask(t)
  const first = await t.api.post(path, body, withKey('once'))
  const answer = await first.text()
  expect([first.ok, first.headers.get('idempotency-replayed')]).toEqual([true, null])
  await until('the run is over', 2_000, async () => (await t.stores.turns.list({ all: true }, { limit: 1, status: ['running', 'queued'] })).length === 0)
  const counts = await countsOf(t)
  const second = await t.api.post(path, body, withKey('once'))
  expect(await second.text()).toBe(answer)
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  expect(tokenless(second)).toEqual(tokenless(first))
  expect(await countsOf(t)).toEqual(counts)
})

test.each(CREATING)('twins of %s that come together run once', async (_, ask) => {
  await using t = await startTestGateway()
  const { path, body } = await ask(t)
  const before = await countsOf(t)
  const answers = await Promise.all(Array.from({ length: 5 }, () => t.api.post(path, body, withKey('twins'))))
  const texts = await Promise.all(answers.map((answer) => answer.text()))
  expect(new Set(texts).size).toBe(1)
  expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(4)
  const after = await countsOf(t)
  const wasMade = (n: number) => after[n]! - before[n]!
  expect([wasMade(0), wasMade(1), wasMade(3)].every((made) => made <= 1)).toBe(true)
})

test('a key is good for one request: another body under it is refused', async () => {
  await using t = await startTestGateway()
  await t.api.json(t.api.post('/v1/chat/completions', HELLO, withKey('one')))
  expect(await t.api.refusal(t.api.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Bye' }] }, withKey('one')))).toEqual({
    status: 409,
    code: 'idempotency_key_conflict',
    param: 'Idempotency-Key',
  })
  expect((await t.api.refusal(t.api.post('/v1/chat/completions', HELLO, withKey('one', { 'X-Talaria-Session-Id': 'another' })))).code).toBe(
    'idempotency_key_conflict',
  )
  expect(t.agent.runs).toHaveLength(1)
})

test('the same key means something else on another route, and to another caller', async () => {
  await using t = await startTestGateway()
  const other = t.api.as((await t.api.json(t.api.post('/api/keys', { name: 'other' }))).key as string)
  const answers = [
    await t.api.post('/v1/responses', { input: 'Hello' }, withKey('one')),
    await t.api.post('/v1/runs', { input: 'Hello' }, withKey('one')),
    await other.post('/v1/responses', { input: 'Hello' }, withKey('one')),
  ]
  expect(answers.map(({ ok, headers }) => [ok, headers.get('idempotency-replayed')])).toEqual([
    [true, null],
    [true, null],
    [true, null],
  ])
  await Promise.all(answers.map((answer) => answer.text()))
})

test.each(['', ' ', 'a b', 'a'.repeat(256), 'ü', '\u007f'])('%j is no key', async (key) => {
  await using t = await startTestGateway()
  const response = await t.gateway.fetch(
    new Request('http://127.0.0.1/v1/runs', {
      method: 'POST',
      body: '{"input":"x"}',
      headers: { 'Idempotency-Key': Buffer.from(key).toString('latin1'), authorization: 'Bearer root-1f0c9a6be47d2385' },
    }),
  )
  // What HTTP itself trims away is no header at all, and no key.
  const body = (await response.json()) as Json
  expect([response.status, body.error?.code, body.error?.param]).toEqual([400, 'invalid_idempotency_key', 'Idempotency-Key'])
})

test('a request that is refused frees its key', async () => {
  await using t = await startTestGateway()
  expect((await t.api.refusal(t.api.post('/v1/runs', { input: '' }, withKey('one')))).code).toBe('missing_message')
  expect((await t.api.post('/v1/runs', { input: 'Hello' }, withKey('one'))).status).toBe(202)
  expect((await t.api.refusal(t.api.post('/api/sessions', { id: 'x'.repeat(257) }, withKey('two')))).status).toBe(400)
  await t.api.json(t.api.post('/api/sessions', { id: 'taken' }))
  expect((await t.api.refusal(t.api.post('/api/sessions', { id: 'taken' }, withKey('two')))).code).toBe('session_exists')
  expect((await t.api.post('/api/sessions', { id: 'free' }, withKey('two'))).status).toBe(201)
})

test('a failure is an answer as well: its repetition fails the same way and starts nothing', async () => {
  await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.fail() }) })
  const first = await t.api.post('/v1/chat/completions', HELLO, withKey('one'))
  const second = await t.api.post('/v1/chat/completions', HELLO, withKey('one'))
  expect([first.status, second.status, second.headers.get('idempotency-replayed')]).toEqual([502, 502, 'true'])
  expect(await second.text()).toBe(await first.text())
  expect(t.agent.runs).toHaveLength(1)
})

test('a repetition is answered also when the gateway takes no new work', async () => {
  await using t = await startTestGateway({ env: { API_SERVER_MAX_CONCURRENT_RUNS: '1' }, agent: new TestAgent() })
  const waiting = t.api.post('/v1/chat/completions', HELLO, withKey('one'))
  const run = await t.agent.next()
  expect((await t.api.refusal(t.api.post('/v1/chat/completions', HELLO, withKey('two')))).code).toBe('rate_limit_exceeded')
  const twin = t.api.post('/v1/chat/completions', HELLO, withKey('one'))
  await t.api.json(t.api.get('/v1/models'))
  run.say('Hello').finish()
  expect(await (await twin).text()).toBe(await (await waiting).text())
  await t.gateway.drain()
  expect((await t.api.post('/v1/chat/completions', HELLO, withKey('one'))).status).toBe(200)
  expect((await t.api.refusal(t.api.post('/v1/chat/completions', HELLO, withKey('two')))).code).toBe('gateway_draining')
})

test('a repetition of a stream follows the one that is under way', async () => {
  await using t = await startTestGateway({ agent: new TestAgent() })
  const first = framesOf(await t.api.post('/v1/responses', { input: 'Hello', stream: true }, withKey('one')))
  const run = (await t.agent.next()).say('Hel')
  const begun = [await first.next(), await first.next()]
  const second = t.api.frames(t.api.post('/v1/responses', { input: 'Hello', stream: true }, withKey('one')))
  run.say('lo').finish()
  const all = [...begun.map(({ value }) => value!.raw), ...(await Array.fromAsync(first)).map(({ raw }) => raw)]
  expect((await second).map(({ raw }) => raw)).toEqual(all)
})

test('while a twin waits for the answer, the first client may leave without ending it', async () => {
  await using t = await startTestGateway({ agent: new TestAgent() })
  const leaves = new AbortController()
  const first = t.api.post('/v1/chat/completions', HELLO, { ...withKey('one'), signal: leaves.signal })
  const twin = t.api.post('/v1/chat/completions', HELLO, withKey('one'))
  const run = await t.agent.next()
  await until('the first is accepted', 1_000, async () => (await t.api.get(`/v1/runs/${run.request.turnId}`)).ok)
  // Long enough for the twin, which came before anything was accepted, to follow what has been by now.
  await sleep(50)
  leaves.abort()
  await sleep(50)
  run.say('Hello').finish()
  expect((await t.api.json(twin)).choices[0].message.content).toBe('Hello')
  await first.catch(() => {})
})

test('a repetition to another gateway of the home waits for the first, and gets its answer', async () => {
  await using one = await startTestGateway({ agent: new TestAgent() })
  await using other = await startTestGateway({ beside: one })
  const first = one.api.post('/v1/chat/completions', HELLO, withKey('one'))
  const run = await one.agent.next()
  const second = other.api.post('/v1/chat/completions', HELLO, withKey('one'))
  run.say('Hello').finish()
  expect(await (await second).text()).toBe(await (await first).text())
  expect((await second).headers.get('idempotency-replayed')).toBe('true')
  expect(other.agent.runs).toEqual([])
})

test('a repetition after a restart gets the first answer', async () => {
  await using home = await startTestGateway({ isIdle: true })
  const answers: string[] = []
  for (let start = 0; start < 2; start++) {
    await using t = await startTestGateway({ beside: home })
    answers.push(
      await (await t.api.post('/v1/responses', { input: 'Hello', stream: true }, withKey('one'))).text(),
      await (await t.api.post('/api/sessions', {}, withKey('one'))).text(),
    )
  }
  expect(answers.slice(2)).toEqual(answers.slice(0, 2))
})

test('a key whose process died before it accepted anything is free', async () => {
  await using t = await startTestGateway()
  const body = { input: 'Hello' }
  await t.api.post('/v1/runs', body, withKey('look')).then((response) => response.text())
  // The claim of a process that is gone, on the very request that comes now.
  const known = (await t.stores.idempotency.get('root POST /v1/runs', 'look'))!
  await t.stores.idempotency.claim({ ...known, key: 'left', claim: createId('claim'), runner: createId('runner') })
  const response = await within(5_000, 'an answer', t.api.post('/v1/runs', body, withKey('left')))
  expect([response.status, response.headers.get('idempotency-replayed')]).toEqual([202, null])
})

test('a repetition whose run was deleted is told so', async () => {
  await using t = await startTestGateway()
  const known = await t.api.post('/v1/runs', { input: 'Hello' }, withKey('one'))
  const { run_id: runId } = (await known.json()) as Json
  await until('it is over', 2_000, async () => (await t.stores.turns.get(runId, { all: true }))!.finishedAt !== null)
  await t.stores.retention.sweep({ sessionsMs: undefined, runsMs: -60_000 })
  expect(await t.stores.turns.get(runId, { all: true })).toBeUndefined()
  expect(await within(5_000, 'an answer', t.api.refusal(t.api.post('/v1/runs', { input: 'Hello' }, withKey('one'))))).toMatchObject({
    status: 404,
    code: 'run_not_found',
  })
})

test('a key is kept for a day, and is then free for any request', async () => {
  let offset = 0
  const clock = { ...systemClock, now: () => systemClock.now() + offset }
  await using t = await startTestGateway({ clock })
  await t.api.json(t.api.post('/v1/chat/completions', HELLO, withKey('one')))
  offset = 24 * 60 * 60_000 - 60_000
  expect((await t.api.refusal(t.api.post('/v1/chat/completions', { ...HELLO, seed: 1 }, withKey('one')))).code).toBe('idempotency_key_conflict')
  offset = 24 * 60 * 60_000
  const fresh = await t.api.post('/v1/chat/completions', { ...HELLO, seed: 1 }, withKey('one'))
  expect([fresh.status, fresh.headers.get('idempotency-replayed')]).toEqual([200, null])
  await fresh.text()
})

test('where an answer is not kept, a key is refused rather than taken for nothing', async () => {
  await using t = await startTestGateway()
  for (const [path, body] of [
    ['/api/keys', { name: 'x' }],
    ['/api/backups', {}],
  ] as const) {
    expect(await t.api.refusal(t.api.post(path, body, withKey('one')))).toEqual({ status: 400, code: 'unsupported_parameter', param: 'Idempotency-Key' })
  }
  expect((await t.api.json(t.api.get('/api/keys'))).data).toEqual([])
})

test('a run that was asked for once is echoed by the agent once, whatever the clients do', async () => {
  await using t = await startTestGateway({ agent: new TestAgent({ play: echo }) })
  for (let n = 0; n < 10; n++) await (await t.api.post('/v1/runs', { input: 'Hello' }, withKey('one'))).text()
  await until('it has run', 2_000, () => t.agent.runs.length > 0)
  expect(t.agent.runs).toHaveLength(1)
})
