import { until, within } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import type { Json } from '../../test/api-client.ts'
import { dataOf, framesOf, type Frame } from '../../test/frames.ts'
import { startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'
import { echo, TestAgent, type TestRun } from '../../test/test-agent.ts'

checkForLeaks()

const submit = async (t: TestGateway, body: object = {}): Promise<Json> => t.api.json(t.api.post('/v1/runs', { input: 'Hello', ...body }))
const get = (t: TestGateway, id: string): Promise<Json> => t.api.json(t.api.get(`/v1/runs/${id}`))
const follow = (t: TestGateway, id: string, query = '', headers: Record<string, string> = {}) =>
  t.api.frames(t.api.get(`/v1/runs/${id}/events${query}`, { headers }))
const isOver = (t: TestGateway, id: string) => until('the run is over', 2_000, async () => (await get(t, id)).finished_at !== null)
const heard = (run: TestRun) => run.request.messages.map(({ content }) => content)

test('a run is accepted at once, and found while it works and when it is done', async () => {
  await using t = await startTestGateway({ agent: new TestAgent() })
  const response = await t.api.post('/v1/runs', { input: 'Hello', model: 'gpt-5', instructions: 'Be brief.' })
  const accepted = (await response.json()) as Json
  expect(response.status).toBe(202)
  expect(accepted).toEqual({
    run_id: expect.stringMatching(/^run_[0-9a-f]{32}$/),
    object: 'talaria.run',
    status: 'started',
    session_id: expect.stringMatching(/^ses_/),
  })
  expect([response.headers.get('x-talaria-run-id'), response.headers.get('x-talaria-session-id')]).toEqual([accepted.run_id, accepted.session_id])
  const run = await t.agent.next()
  expect(run.request).toMatchObject({ model: 'gpt-5', instructions: 'Be brief.', messages: [{ role: 'user', content: 'Hello' }] })
  expect(await get(t, accepted.run_id)).toMatchObject({
    status: 'running',
    kind: 'run',
    session_id: accepted.session_id,
    model: 'gpt-5',
    finished_at: null,
    output: null,
    usage: null,
    error: null,
  })
  run
    .say('Hi')
    .emit({ type: 'usage', usage: { inputTokens: 1, outputTokens: 2, reasoningTokens: 1, cachedInputTokens: 0 } })
    .finish()
  await isOver(t, accepted.run_id)
  expect(await get(t, accepted.run_id)).toMatchObject({
    status: 'completed',
    output: 'Hi',
    finish_reason: 'stop',
    usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
    error: null,
  })
})

test.each([
  ['no input', { input: undefined }, 'missing_required_parameter', 'input'],
  ['an empty input', { input: '' }, 'missing_message', 'input'],
  ['an input of nothing', { input: [] }, 'invalid_value', 'input'],
  ['a last word that is empty', { input: ['Hello', ' '] }, 'missing_message', 'input[1]'],
  ['a role that nobody has', { input: [{ role: 'narrator', content: 'x' }] }, 'invalid_value', 'input[0].role'],
  ['a session of an odd name', { session_id: 'a/b' }, 'invalid_session_id', 'session_id'],
  ['a parameter nobody has', { provider: 'x' }, 'unknown_parameter', 'provider'],
] as const)('%s is refused, and the refusal names it', async (_, body, code, param) => {
  await using t = await startTestGateway()
  expect(await t.api.refusal(t.api.post('/v1/runs', { input: 'Hello', ...body }))).toEqual({ status: 400, code, param })
  expect(await t.stores.turns.list({ all: true }, { limit: 1 })).toEqual([])
})

test('what came before is the stored history, what the request says, or a chain of responses', async () => {
  await using t = await startTestGateway()
  const first = await submit(t, { input: 'one' })
  await isOver(t, first.run_id)
  await submit(t, { input: 'two', session_id: first.session_id }).then(({ run_id: id }) => isOver(t, id))
  await submit(t, { input: ['three', { role: 'assistant', content: 'tres' }, 'four'] }).then(({ run_id: id }) => isOver(t, id))
  await submit(t, { input: 'five', conversation_history: [{ role: 'user', content: 'said' }] }).then(({ run_id: id }) => isOver(t, id))
  const { id } = await t.api.json(t.api.post('/v1/responses', { input: 'six' }))
  await submit(t, { input: 'seven', previous_response_id: id }).then(({ run_id: run }) => isOver(t, run))
  const [, stored, inline, given, , chained] = t.agent.runs
  expect(heard(stored!)).toEqual(['one', 'You said: one', 'two'])
  expect(inline!.request.messages).toEqual([
    { role: 'user', content: 'three' },
    { role: 'assistant', content: 'tres' },
    { role: 'user', content: 'four' },
  ])
  expect(heard(given!)).toEqual(['said', 'five'])
  expect(heard(chained!)).toEqual(['six', 'You said: six', 'seven'])
  expect((await t.api.refusal(t.api.post('/v1/runs', { input: 'x', previous_response_id: 'resp_x' }))).code).toBe('previous_response_not_found')
})

test('a session’s own instructions and model are those of its runs, unless they name others', async () => {
  await using t = await startTestGateway()
  await t.api.json(t.api.post('/api/sessions', { id: 'pirate', system_prompt: 'Talk like a pirate.', model: 'gpt-5' }))
  await submit(t, { session_id: 'pirate' }).then(({ run_id: id }) => isOver(t, id))
  await submit(t, { session_id: 'pirate', model: 'o3', instructions: 'Be brief.' }).then(({ run_id: id }) => isOver(t, id))
  expect(t.agent.runs.map(({ request }) => [request.model, request.instructions])).toEqual([
    ['gpt-5', 'Talk like a pirate.'],
    ['o3', 'Talk like a pirate.\n\nBe brief.'],
  ])
})

test('runs are listed newest first, by state and session, a page at a time', async () => {
  await using t = await startTestGateway({ agent: new TestAgent() })
  const ids: string[] = []
  for (let n = 0; n < 5; n++) ids.unshift((await submit(t, n === 0 ? { session_id: 'mine' } : {})).run_id)
  ;(await t.agent.next()).finish()
  await isOver(t, ids[4]!)
  const list = async (query: string) => t.api.json(t.api.get(`/v1/runs${query}`))
  const idsOf = (page: Json) => page.data.map((run: Json) => run.id)
  expect(idsOf(await list(''))).toEqual(ids)
  const page = await list('?limit=2')
  expect(page).toMatchObject({ object: 'list', has_more: true, first_id: ids[0], last_id: ids[1] })
  expect(idsOf(await list(`?limit=3&after=${page.last_id}`))).toEqual(ids.slice(2))
  expect((await list(`?limit=3&after=${page.last_id}`)).has_more).toBe(false)
  expect(idsOf(await list('?status=completed'))).toEqual([ids[4]])
  expect(idsOf(await list('?status=running,completed'))).toEqual(ids)
  expect(idsOf(await list('?session_id=mine'))).toEqual([ids[4]])
  expect((await t.api.refusal(t.api.get('/v1/runs?status=sleeping'))).code).toBe('invalid_value')
  expect((await t.api.refusal(t.api.get('/v1/runs?limit=201'))).param).toBe('limit')
  t.agent.runs.slice(1).forEach((run) => run.finish())
})

const SCRIPT = (run: TestRun) =>
  run
    .emit({ type: 'reasoning.delta', text: 'Hm.' })
    .say('Let me look. ')
    .emit({ type: 'tool.started', id: 'c1', name: 'look', runs: 'server' }, { type: 'tool.progress', id: 'c1', text: 'looking' })
    .emit({ type: 'tool.finished', id: 'c1', name: 'look', runs: 'server', arguments: '{}', output: 'a cat' })
    .say('A cat.')
    .emit({ type: 'usage', usage: { inputTokens: 1, outputTokens: 2, reasoningTokens: 0, cachedInputTokens: 0 } })
    .finish()

test('the events of a run are numbered, named, and end with how it ended and a comment', async () => {
  await using t = await startTestGateway({ agent: new TestAgent({ play: SCRIPT }) })
  const { run_id: id, session_id: sessionId } = await submit(t)
  const response = await t.api.get(`/v1/runs/${id}/events`)
  const text = await response.clone().text()
  const frames = await t.api.frames(Promise.resolve(response))
  expect(frames.map((frame) => frame.id)).toEqual(frames.map((_, n) => String(n + 1)))
  expect(frames.map(({ event }) => event).filter(Boolean)).toEqual([])
  expect(dataOf(frames)).toMatchObject([
    { event: 'reasoning.delta', delta: 'Hm.' },
    { event: 'message.delta', delta: 'Let me look. ', run_id: id, session_id: sessionId, seq: 2, ts: expect.any(Number) },
    { event: 'tool.started', tool: 'look', tool_call_id: 'c1', runs: 'server' },
    { event: 'tool.progress', text: 'looking' },
    { event: 'tool.completed', tool: 'look', output: 'a cat', error: false },
    { event: 'message.delta', delta: 'A cat.' },
    { event: 'usage', usage: { total_tokens: 3 } },
    { event: 'run.completed', output: 'Let me look. A cat.', finish_reason: 'stop', usage: { total_tokens: 3 }, error: null },
  ])
  expect(text.endsWith(': stream closed\n\n')).toBe(true)
})

test('any number of followers see the same frames, before, while and after the run, from another gateway too', async () => {
  await using t = await startTestGateway({ agent: new TestAgent() })
  await using other = await startTestGateway({ beside: t })
  const { run_id: id } = await submit(t)
  const run = await t.agent.next()
  const followers = [follow(t, id), follow(t, id), follow(other, id)]
  run.say('one ')
  followers.push(follow(t, id, '?after=0'), follow(other, id, '', { 'Last-Event-ID': '0' }))
  run.say('two ')
  await until('two words are on disk', 2_000, async () => (await t.stores.turns.events(id, { after: 1, limit: 1 })).length === 1)
  followers.push(follow(t, id), follow(other, id))
  run.say('three').finish()
  await isOver(t, id)
  followers.push(follow(t, id), follow(other, id))
  const [first, ...rest] = await within(5_000, 'all followers', Promise.all(followers))
  expect(dataOf(first!).map(({ event }) => event)).toEqual(['message.delta', 'message.delta', 'message.delta', 'run.completed'])
  for (const frames of rest) expect(frames).toEqual(first)
})

test('a follower comes back where it was, by header or by query; what its client says last counts', async () => {
  await using t = await startTestGateway({ agent: new TestAgent({ play: SCRIPT }) })
  const { run_id: id } = await submit(t)
  await isOver(t, id)
  const ids = async (query: string, headers?: Record<string, string>) => (await follow(t, id, query, headers)).map((frame) => Number(frame.id))
  expect(await ids('?after=5')).toEqual([6, 7, 8])
  expect(await ids('', { 'Last-Event-ID': '7' })).toEqual([8])
  // A browser sends the header to the address that it first asked.
  expect(await ids('?after=0', { 'Last-Event-ID': '6' })).toEqual([7, 8])
  expect(await ids('?after=8')).toEqual([])
  expect(await ids('?after=1000')).toEqual([])
  expect(await t.api.refusal(t.api.get(`/v1/runs/${id}/events`, { headers: { 'Last-Event-ID': 'x' } }))).toEqual({
    status: 400,
    code: 'invalid_header',
    param: 'Last-Event-ID',
  })
  expect((await t.api.refusal(t.api.get(`/v1/runs/${id}/events?after=-1`))).param).toBe('after')
})

test('the events of runs of every kind can be followed', async () => {
  await using t = await startTestGateway()
  const { session } = await t.api.json(t.api.post('/api/sessions', {}))
  const answers = [
    await t.api.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }] }),
    await t.api.post('/v1/responses', { input: 'Hello' }),
    await t.api.post(`/api/sessions/${session.id}/chat`, { message: 'Hello' }),
  ]
  for (const answer of answers) {
    await answer.text()
    expect(dataOf(await follow(t, answer.headers.get('x-talaria-run-id')!)).at(-1)).toMatchObject({ event: 'run.completed', output: 'You said: Hello' })
  }
})

test('a run that is stopped says that it is stopping, then how it ended; stopping it again changes nothing', async () => {
  await using t = await startTestGateway({ agent: new TestAgent() })
  const { run_id: id } = await submit(t)
  const following = follow(t, id)
  const run = (await t.agent.next()).say('Half')
  await until('half is said', 2_000, async () => (await t.stores.turns.events(id, { after: 0, limit: 1 })).length === 1)
  expect(await t.api.json(t.api.post(`/v1/runs/${id}/stop`))).toEqual({ run_id: id, status: 'stopping' })
  expect(await run.ended).toMatchObject({ code: 'stopped' })
  expect(dataOf(await following).at(-1)).toMatchObject({ event: 'run.cancelled', output: 'Half', error: { code: 'stopped' } })
  await isOver(t, id)
  expect(await t.api.json(t.api.post(`/v1/runs/${id}/stop`))).toEqual({ run_id: id, status: 'cancelled' })
})

test('a run that works in another gateway is not stopped from here, and not said to be stopping', async () => {
  await using one = await startTestGateway({ agent: new TestAgent() })
  await using other = await startTestGateway({ beside: one })
  const { run_id: id } = await submit(one)
  const run = await one.agent.next()
  expect(await other.api.refusal(other.api.post(`/v1/runs/${id}/stop`))).toMatchObject({ status: 409, code: 'run_not_active' })
  expect(await other.api.refusal(other.api.post(`/v1/runs/${id}/steer`, { input: 'x' }))).toMatchObject({ status: 409, code: 'run_not_accepting_steer' })
  expect(await other.api.refusal(other.api.post(`/v1/runs/${id}/approval`, { choice: 'once' }))).toMatchObject({ status: 409, code: 'approval_not_pending' })
  expect((await get(other, id)).status).toBe('running')
  run.finish()
})

test('what is said to a run reaches its agent, is an event, and what it does not take up is told at the end', async () => {
  await using t = await startTestGateway({ agent: new TestAgent() })
  const { run_id: id } = await submit(t)
  const run = await t.agent.next()
  for (const body of [{ input: 'shorter' }, { message: 'louder' }, { text: 'faster' }]) {
    expect(await t.api.json(t.api.post(`/v1/runs/${id}/steer`, body))).toEqual({ object: 'talaria.run.steer', run_id: id, accepted: true })
  }
  const text = run.request.steer!()!
  expect(text).toBe('shorter\nlouder\nfaster')
  await t.api.json(t.api.post(`/v1/runs/${id}/steer`, { input: 'never mind' }))
  run.emit({ type: 'steered', text }).say('ok').finish()
  expect(dataOf(await follow(t, id))).toMatchObject([
    { event: 'run.steered', text },
    { event: 'message.delta' },
    { event: 'run.completed', pending_steer: 'never mind' },
  ])
  expect(await t.api.refusal(t.api.post(`/v1/runs/${id}/steer`, { input: '  ' }))).toEqual({ status: 400, code: 'invalid_steer_input', param: 'input' })
  expect(await t.api.refusal(t.api.post(`/v1/runs/${id}/steer`, { input: 'late' }))).toMatchObject({ status: 409, code: 'run_not_accepting_steer' })
})

/** An agent that asks before it looks, and says what it was told. */
function asking(run: TestRun): void {
  const id = 'q1'
  run.emit({ type: 'approval.requested', id, tool: 'shell', arguments: '{"cmd":"ls"}' })
  void run.request.approve!({ id, tool: 'shell', arguments: '{"cmd":"ls"}' }, run.signal).then((answer) => {
    const choice = answer === 'allow' ? 'allow' : 'deny'
    run.emit({ type: 'approval.answered', id, choice }).say(choice).finish()
  })
}

test.each([
  ['once', 'allow', 'once'],
  ['approve', 'allow', 'once'],
  ['allow', 'allow', 'once'],
  ['session', 'allow', 'session'],
  ['always', 'allow', 'session'],
  ['deny', 'deny', 'deny'],
] as const)('a run asks, is seen to wait, and hears the answer: %s', async (choice, heardChoice, said) => {
  await using t = await startTestGateway({ agent: new TestAgent({ play: asking }) })
  const { run_id: id } = await submit(t)
  await until('it waits', 2_000, async () => (await get(t, id)).status === 'waiting_for_approval')
  expect(await t.api.json(t.api.post(`/v1/runs/${id}/approval`, { choice, approval_id: 'q1' }))).toEqual({
    object: 'talaria.run.approval_response',
    run_id: id,
    choice: said,
    resolved: 1,
  })
  expect(dataOf(await follow(t, id))).toMatchObject([
    { event: 'approval.request', approval_id: 'q1', tool: 'shell', arguments: '{"cmd":"ls"}', choices: ['once', 'session', 'deny'] },
    { event: 'approval.responded', approval_id: 'q1', choice: heardChoice },
    { delta: heardChoice },
    { event: 'run.completed' },
  ])
  expect(await t.api.refusal(t.api.post(`/v1/runs/${id}/approval`, { choice: 'once' }))).toMatchObject({ status: 409, code: 'approval_not_pending' })
})

test.each(['perhaps', '', 'constructor', '__proto__', 'toString'])('%j is no answer, and allows nothing', async (choice) => {
  await using t = await startTestGateway({ agent: new TestAgent({ play: asking }) })
  const { run_id: id } = await submit(t)
  await until('it waits', 2_000, async () => (await get(t, id)).status === 'waiting_for_approval')
  expect(await t.api.refusal(t.api.post(`/v1/runs/${id}/approval`, { choice, all: true }))).toEqual({
    status: 400,
    code: 'invalid_approval_choice',
    param: 'choice',
  })
  expect((await get(t, id)).status).toBe('waiting_for_approval')
  await t.api.json(t.api.post(`/v1/runs/${id}/approval`, { choice: 'deny' }))
  await isOver(t, id)
})

test('all questions of a run are answered at once, if so asked', async () => {
  const play = (run: TestRun) => {
    const questions = ['q1', 'q2'].map((id) => run.request.approve!({ id, tool: id, arguments: '' }, run.signal))
    void Promise.all(questions).then((choices) => run.say(choices.map((choice) => (typeof choice === 'string' ? choice : choice.denied)).join()).finish())
  }
  for (const all of [{ all: true }, { resolve_all: true }]) {
    await using t = await startTestGateway({ agent: new TestAgent({ play }) })
    const { run_id: id } = await submit(t)
    await until('it waits', 2_000, async () => (await get(t, id)).status === 'waiting_for_approval')
    expect((await t.api.json(t.api.post(`/v1/runs/${id}/approval`, { choice: 'once', ...all }))).resolved).toBe(2)
    await isOver(t, id)
    expect((await get(t, id)).output).toBe('allow,allow')
  }
})

test('a run is not ended when those who follow it leave', async () => {
  await using t = await startTestGateway({ agent: new TestAgent() })
  const { run_id: id } = await submit(t)
  const run = (await t.agent.next()).say('Half')
  const left = framesOf(await t.api.get(`/v1/runs/${id}/events`))
  await left.next()
  await left.return(undefined)
  run.say(' and half').finish()
  await isOver(t, id)
  expect((await get(t, id)).output).toBe('Half and half')
})

test('a quiet stream shows a sign of life', async () => {
  await using t = await startTestGateway({ agent: new TestAgent(), env: { API_SERVER_STREAM_KEEPALIVE: '20ms' } })
  const { run_id: id } = await submit(t)
  const response = await t.api.get(`/v1/runs/${id}/events`)
  const reader = response.body!.getReader()
  const { value } = await within(2_000, 'a sign of life', reader.read())
  expect(new TextDecoder().decode(value)).toBe(': keep-alive\n\n')
  await reader.cancel()
  ;(await t.agent.next()).finish()
})

test.each(['/v1/runs/run_x', '/v1/runs/run_x/events'])('%s: nothing is there', async (path) => {
  await using t = await startTestGateway()
  expect(await t.api.refusal(t.api.get(path))).toEqual({ status: 404, code: 'run_not_found', param: 'run_id' })
})

test('every route that starts a run is refused alike when too many are under way, when there is no room, and when the gateway drains', async () => {
  let admits = true
  await using t = await startTestGateway({ agent: new TestAgent(), env: { API_SERVER_MAX_CONCURRENT_RUNS: '1' }, admits: () => admits })
  await t.api.json(t.api.post('/api/sessions', { id: 'mine' }))
  const { run_id: id } = await submit(t)
  const starting: readonly (readonly [string, object])[] = [
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }] }],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }], stream: true }],
    ['/v1/responses', { input: 'Hello' }],
    ['/v1/responses', { input: 'Hello', stream: true }],
    ['/v1/responses', { input: 'Hello', background: true }],
    ['/v1/responses/compact', { input: 'Hello' }],
    ['/v1/runs', { input: 'Hello' }],
    ['/api/sessions/mine/chat', { message: 'Hello' }],
    ['/api/sessions/mine/chat/stream', { message: 'Hello' }],
  ]
  const outcomes = async () => {
    const all = []
    for (const [path, body] of starting) {
      const response = await t.api.post(path, body)
      all.push([path, response.status, ((await response.json()) as Json).error.code, response.headers.get('retry-after')])
    }
    return all
  }
  expect(await outcomes()).toEqual(starting.map(([path]) => [path, 429, 'rate_limit_exceeded', '1']))
  ;(await t.agent.next()).finish()
  await isOver(t, id)
  admits = false
  expect(await outcomes()).toEqual(starting.map(([path]) => [path, 503, 'gateway_overloaded', '5']))
  // What is stored can still be read.
  expect((await t.api.get(`/v1/runs/${id}`)).status).toBe(200)
  admits = true
  await t.gateway.drain()
  expect(await outcomes()).toEqual(starting.map(([path]) => [path, 503, 'gateway_draining', '5']))
})

test('a run whose events outnumber what memory keeps is followed without a gap by a reader that lags behind', async () => {
  await using t = await startTestGateway({ agent: new TestAgent() })
  const { run_id: id } = await submit(t)
  const slow = framesOf(await t.api.get(`/v1/runs/${id}/events`))
  const run = (await t.agent.next()).say('w0')
  const seen: Frame[] = [(await slow.next()).value!]
  for (let n = 1; n <= 9_000; n += 500) {
    run.say(...Array.from({ length: 500 }, (_, k) => `w${n + k}`))
    await until('they are on disk', 3_000, async () => (await t.stores.turns.events(id, { after: n + 499, limit: 1 })).length === 1)
  }
  run.finish()
  for await (const frame of slow) seen.push(frame)
  expect(seen.map((frame) => Number(frame.id))).toEqual(Array.from({ length: 9_002 }, (_, n) => n + 1))
})

test('a run that is echoed in one gateway is listed in the other', async () => {
  await using one = await startTestGateway({ agent: new TestAgent({ play: echo }) })
  await using other = await startTestGateway({ beside: one })
  const { run_id: id } = await submit(one)
  await isOver(one, id)
  expect((await other.api.json(other.api.get('/v1/runs'))).data).toMatchObject([{ id, output: 'You said: Hello' }])
})
