import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import { dataOf } from '../../test/frames.ts'
import { startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'
import { echo, TestAgent, type TestRun } from '../../test/test-agent.ts'
import { CHAT_UNSUPPORTED } from '../openai/parameters.ts'
import type { ChatRequest } from '../openai/chat-request.ts'

checkForLeaks()

const PATH = '/v1/chat/completions'
const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })
const ask = (t: TestGateway, body: object, headers: Record<string, string> = {}) => t.api.post(PATH, { messages: [user('Hello')], ...body }, { headers })

test('an answer has the shape that OpenAI’s client knows', async () => {
  await using t = await startTestGateway()
  const answer: ChatCompletion = await t.api.json(ask(t, { model: 'gpt-4o' }))
  expect(answer).toEqual({
    id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
    object: 'chat.completion',
    created: expect.toSatisfy(Number.isInteger),
    model: 'gpt-4o',
    choices: [{ index: 0, message: { role: 'assistant', content: 'You said: Hello', refusal: null }, logprobs: null, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: 3,
      completion_tokens: 5,
      total_tokens: 8,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
    service_tier: 'default',
    system_fingerprint: null,
  } satisfies Record<Exclude<keyof ChatCompletion, 'metadata' | 'moderation'>, unknown>)
})

test('a stream says the same in chunks, and ends with [DONE]', async () => {
  await using t = await startTestGateway()
  const response = await ask(t, { stream: true, stream_options: { include_usage: true } })
  expect([response.headers.get('content-type'), response.headers.get('cache-control'), response.headers.get('x-accel-buffering')]).toEqual([
    'text/event-stream; charset=utf-8',
    'no-cache, no-transform',
    'no',
  ])
  const frames = await t.api.frames(Promise.resolve(response))
  const chunks = dataOf(frames) as unknown as ChatCompletionChunk[]
  expect(chunks.map(({ choices, usage }) => [choices[0]?.delta, choices[0]?.finish_reason, usage?.total_tokens])).toEqual([
    [{ role: 'assistant', content: '' }, null, undefined],
    [{ content: 'You said: ' }, null, undefined],
    [{ content: 'Hello' }, null, undefined],
    [{}, 'stop', undefined],
    [undefined, undefined, 8],
  ])
  expect(new Set(chunks.map(({ id, created, model, object }) => [id, created, model, object].join())).size).toBe(1)
  expect(frames.at(-1)!.data).toBe('[DONE]')
})

test('usage is streamed to those who ask for it only', async () => {
  await using t = await startTestGateway()
  expect(JSON.stringify(await t.api.frames(ask(t, { stream: true })))).not.toContain('usage')
})

test('an unknown model is answered by the default one and echoed; a listed one is selected', async () => {
  const models = [
    { id: 'scripted', target: 'scripted/scripted', ownedBy: 'scripted' },
    { id: 'fast', target: 'openai/gpt-5-mini', ownedBy: 'openai' },
  ]
  await using t = await startTestGateway({ agent: new TestAgent({ play: echo, models }) })
  for (const model of ['gpt-17', 'fast']) expect((await t.api.json(ask(t, { model }))).model).toBe(model)
  expect((await t.api.json(ask(t, {}))).model).toBe('talaria')
  expect(t.agent.runs.map(({ request }) => request.model)).toEqual(['gpt-17', 'fast', 'talaria'])
})

test('what a request says of the answer reaches the agent', async () => {
  await using t = await startTestGateway()
  const parameters = { type: 'object', properties: { city: { type: 'string' } } }
  await t.api.json(
    ask(t, {
      messages: [{ role: 'system', content: 'Be brief.' }, { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] }, user('Hello')],
      temperature: 0.5,
      top_p: 0.9,
      max_completion_tokens: 100,
      stop: 'END',
      seed: 7,
      presence_penalty: 0.1,
      frequency_penalty: -0.1,
      reasoning_effort: 'low',
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks', parameters, strict: true } }],
      tool_choice: { type: 'function', function: { name: 'look' } },
      response_format: { type: 'json_schema', json_schema: { name: 'city', schema: parameters, strict: true } },
    }),
  )
  expect(t.agent.runs[0]!.request).toMatchObject({
    instructions: 'Be brief.\nBe kind.',
    messages: [user('Hello')],
    clientTools: [{ name: 'look', description: 'Looks', parameters, strict: true }],
    toolChoice: { name: 'look' },
    sampling: {
      temperature: 0.5,
      topP: 0.9,
      maxOutputTokens: 100,
      stop: ['END'],
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: -0.1,
      reasoningEffort: 'low',
      responseFormat: { type: 'json', name: 'city', schema: parameters, strict: true },
    },
  })
})

test('pictures and files reach the agent, and are kept', async () => {
  await using t = await startTestGateway()
  const picture = 'data:image/png;base64,AAAA'
  const content = [
    { type: 'text', text: 'What is it?' },
    { type: 'image_url', image_url: { url: picture, detail: 'low' } },
    { type: 'file', file: { file_data: 'data:text/plain;base64,AAAA', filename: 'a.txt' } },
  ]
  const response = await ask(t, { messages: [{ role: 'user', content }] })
  await response.text()
  const parts = [
    { type: 'text', text: 'What is it?' },
    { type: 'image', url: picture, detail: 'low' },
    { type: 'file', url: 'data:text/plain;base64,AAAA', filename: 'a.txt' },
  ]
  expect(t.agent.runs[0]!.request.messages).toEqual([{ role: 'user', content: parts }])
  const { data } = await t.api.json(t.api.get(`/api/sessions/${response.headers.get('x-talaria-session-id')}/messages`))
  expect(data[0]).toMatchObject({ content: 'What is it?', parts })
})

/** Every parameter of OpenAI's API is known here: it has an effect, or it is on the list of those that have none. */
test('no parameter of OpenAI’s client is unknown', () => {
  expectTypeOf<Exclude<keyof ChatCompletionCreateParams, keyof z.input<typeof ChatRequest> | keyof typeof CHAT_UNSUPPORTED>>().toEqualTypeOf<never>()
})

test('a parameter that has no effect here is refused by its name, unless it has OpenAI’s default value', async () => {
  await using t = await startTestGateway()
  const asking: Readonly<Record<string, unknown>> = {
    audio: { voice: 'alloy', format: 'wav' },
    function_call: 'auto',
    functions: [{ name: 'look' }],
    logit_bias: { 50256: -100 },
    logprobs: true,
    modalities: ['text', 'audio'],
    moderation: { model: 'omni' },
    n: 2,
    parallel_tool_calls: false,
    prediction: { type: 'content', content: 'x' },
    prompt_cache_options: { mode: 'explicit' },
    service_tier: 'flex',
    store: true,
    top_logprobs: 3,
    verbosity: 'low',
    web_search_options: {},
  }
  expect(Object.keys(asking).toSorted()).toEqual(Object.keys(CHAT_UNSUPPORTED).toSorted())
  for (const [name, value] of Object.entries(asking))
    expect(await t.api.refusal(ask(t, { [name]: value }))).toEqual({ status: 400, code: 'unsupported_parameter', param: name })
  expect(t.agent.runs).toEqual([])
  const harmless = Object.fromEntries(Object.entries(CHAT_UNSUPPORTED).map(([name, { defaults }]) => [name, defaults[0] ?? null]))
  await t.api.json(ask(t, harmless))
  await t.api.json(ask(t, Object.fromEntries(Object.keys(CHAT_UNSUPPORTED).map((name) => [name, null]))))
})

const REFUSED: readonly (readonly [string, object, string, string | null])[] = [
  ['no messages', { messages: undefined }, 'missing_required_parameter', 'messages'],
  ['an empty conversation', { messages: [] }, 'invalid_value', 'messages'],
  ['messages that are none', { messages: 'Hello' }, 'invalid_value', 'messages'],
  ['a message without a role', { messages: [{ content: 'Hello' }] }, 'missing_required_parameter', 'messages[0].role'],
  ['a role that nobody has', { messages: [{ role: 'narrator', content: 'Hello' }] }, 'invalid_value', 'messages[0].role'],
  ['a message without content', { messages: [{ role: 'user' }] }, 'missing_required_parameter', 'messages[0].content'],
  ['content that is a number', { messages: [{ role: 'user', content: 1 }] }, 'invalid_value', 'messages[0].content'],
  ['a tool result without its call', { messages: [{ role: 'tool', content: 'x' }] }, 'missing_required_parameter', 'messages[0].tool_call_id'],
  ['nothing new from the user', { messages: [user('Hello'), assistant('Hi')] }, 'invalid_request', 'messages'],
  ['only instructions', { messages: [{ role: 'system', content: 'Be brief.' }] }, 'invalid_request', 'messages'],
  ['sound', { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] }, 'unsupported_content_type', 'messages[0].content[0].type'],
  [
    'an uploaded file',
    { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] },
    'unsupported_content_type',
    'messages[0].content[0]',
  ],
  [
    'a picture from the disk',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }] },
    'invalid_image_url',
    'messages[0].content[0]',
  ],
  [
    'a picture that is none',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: null }] }] },
    'invalid_image_url',
    'messages[0].content[0]',
  ],
  [
    'a picture in no detail',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/a.png', detail: {} } }] }] },
    'invalid_content_part',
    'messages[0].content[0].detail',
  ],
  [
    'a picture in odd detail',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/a.png', detail: 'odd' } }] }] },
    'invalid_content_part',
    'messages[0].content[0].detail',
  ],
  ['text that is none', { messages: [{ role: 'user', content: [{ type: 'text', text: 1 }] }] }, 'invalid_content_part', 'messages[0].content[0].text'],
  ['a temperature of the sun', { temperature: 5_500 }, 'invalid_value', 'temperature'],
  ['a temperature in words', { temperature: 'warm' }, 'invalid_value', 'temperature'],
  ['half a token', { max_tokens: 0.5 }, 'invalid_value', 'max_tokens'],
  ['no token', { max_completion_tokens: 0 }, 'invalid_value', 'max_completion_tokens'],
  ['a tool without a name', { tools: [{ type: 'function', function: {} }] }, 'missing_required_parameter', 'tools[0].function.name'],
  ['a tool of another kind', { tools: [{ type: 'custom', custom: { name: 'x' } }] }, 'invalid_value', 'tools[0].type'],
  ['a choice among no tools', { tool_choice: 'required' }, 'invalid_value', 'tool_choice'],
  ['a choice of a tool that is not there', { tool_choice: { type: 'function', function: { name: 'look' } } }, 'invalid_value', 'tool_choice'],
  ['a format nobody knows', { response_format: { type: 'yaml' } }, 'invalid_value', 'response_format.type'],
  ['metadata of numbers', { metadata: { a: 1 } }, 'invalid_value', 'metadata.a'],
  ['too much metadata', { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n, 'x'])) }, 'invalid_value', 'metadata'],
  ['a parameter nobody has', { temperatur: 1 }, 'unknown_parameter', 'temperatur'],
  ['an odd wish for the disconnect', { on_disconnect: 'explode' }, 'invalid_value', 'on_disconnect'],
]

test('a request that says what cannot be is refused, and the refusal names it', async () => {
  await using t = await startTestGateway()
  for (const [what, body, code, param] of REFUSED) expect([what, await t.api.refusal(ask(t, body))]).toEqual([what, { status: 400, code, param }])
  expect(t.agent.runs).toEqual([])
  expect(await t.stores.sessions.list({ all: true }, { limit: 1 })).toEqual([])
})

describe('which session', () => {
  /** Asks, and tells in which session the answer was given and what is stored there. */
  async function say(t: TestGateway, messages: readonly object[], headers: Record<string, string> = {}) {
    const response = await ask(t, { messages }, headers)
    const { choices } = (await response.json()) as ChatCompletion
    const session = response.headers.get('x-talaria-session-id')!
    expect(response.headers.get('x-hermes-session-id')).toBe(session)
    expect(response.headers.get('x-talaria-run-id')).toMatch(/^run_/)
    const { data } = await t.api.json(t.api.get(`/api/sessions/${session}/messages`))
    return { session, answer: choices[0]!.message as { role: string; content: string }, stored: (data as { content: string }[]).map(({ content }) => content) }
  }

  test('a client that resends everything stays in one session, which stores only what is new', async () => {
    await using t = await startTestGateway()
    const transcript: object[] = [user('one')]
    const first = await say(t, transcript)
    transcript.push(first.answer, user('two'))
    const second = await say(t, [{ role: 'system', content: `It is ${Date.now()}.` }, ...transcript])
    transcript.push(second.answer, user('three'))
    const third = await say(t, transcript)
    expect([second.session, third.session]).toEqual([first.session, first.session])
    expect(third.stored).toEqual(['one', 'You said: one', 'two', 'You said: two', 'three', 'You said: three'])
    expect(t.agent.runs[2]!.request.messages.map(({ content }) => content)).toEqual(third.stored.slice(0, -1))
    expect(await t.stores.sessions.list({ all: true }, { limit: 10 })).toHaveLength(1)
  })

  test('an answer that is asked for again, and a history that was edited, begin a branch with all of it', async () => {
    await using t = await startTestGateway()
    const first = await say(t, [user('one')])
    const second = await say(t, [user('one'), first.answer, user('two')])
    const again = await say(t, [user('one'), first.answer, user('two')])
    const edited = await say(t, [user('uno'), first.answer, user('two')])
    const earlier = await say(t, [user('one'), first.answer, user('other')])
    expect(second.session).toBe(first.session)
    expect(new Set([first, again, edited, earlier].map(({ session }) => session)).size).toBe(4)
    expect(edited.stored).toEqual(['uno', 'You said: one', 'two', 'You said: two'])
    expect(t.agent.runs[3]!.request.messages.map(({ content }) => content)).toEqual(['uno', 'You said: one', 'two'])
  })

  test('each branch goes on by itself', async () => {
    await using t = await startTestGateway()
    const first = await say(t, [user('one')])
    const left = await say(t, [user('one'), first.answer, user('left')])
    const right = await say(t, [user('one'), first.answer, user('right')])
    const leftOn = await say(t, [user('one'), first.answer, user('left'), left.answer, user('on')])
    const rightOn = await say(t, [user('one'), first.answer, user('right'), right.answer, user('on')])
    expect([leftOn.session, rightOn.session]).toEqual([left.session, right.session])
    expect(leftOn.stored).toEqual(['one', 'You said: one', 'left', 'You said: left', 'on', 'You said: on'])
  })

  test('two requests that extend one transcript at the same time are two branches', async () => {
    await using t = await startTestGateway()
    const first = await say(t, [user('one')])
    const both = await Promise.all([say(t, [user('one'), first.answer, user('left')]), say(t, [user('one'), first.answer, user('right')])])
    expect(new Set(both.map(({ session }) => session)).size).toBe(2)
    for (const run of t.agent.runs.slice(1)) expect(run.request.messages.map(({ content }) => content).slice(0, 2)).toEqual(['one', 'You said: one'])
    expect(t.agent.runs.slice(1).map(({ request }) => request.messages.length)).toEqual([3, 3])
  })

  test('a session that went on by other means is not continued from where the client left it', async () => {
    await using t = await startTestGateway()
    const first = await say(t, [user('one')])
    await t.api.json(t.api.post(`/api/sessions/${first.session}/chat`, { message: 'from elsewhere' }))
    const stale = await say(t, [user('one'), first.answer, user('two')])
    expect(stale.session).not.toBe(first.session)
    expect(stale.stored).toEqual(['one', 'You said: one', 'two', 'You said: two'])
  })

  test('a session that is deleted while its transcript is extended makes no difference to the client', async () => {
    await using t = await startTestGateway()
    const first = await say(t, [user('one')])
    await t.api.json(t.api.delete(`/api/sessions/${first.session}`))
    expect((await say(t, [user('one'), first.answer, user('two')])).stored).toHaveLength(4)
  })

  test('the session header continues that session, whose own history replaces the client’s', async () => {
    await using t = await startTestGateway()
    const first = await say(t, [user('one')])
    for (const header of ['X-Talaria-Session-Id', 'X-Hermes-Session-Id']) {
      const next = await say(t, [user('made up'), assistant('never said'), user('two')], { [header]: first.session })
      expect(next.session).toBe(first.session)
    }
    expect(t.agent.runs[1]!.request.messages.map(({ content }) => content)).toEqual(['one', 'You said: one', 'two'])
  })

  test('an id that nobody has begins a session under it', async () => {
    await using t = await startTestGateway()
    const first = await say(t, [user('one'), assistant('uno'), user('two')], { 'X-Talaria-Session-Id': 'my:chat-1' })
    expect([first.session, first.stored]).toEqual(['my:chat-1', ['one', 'uno', 'two', 'You said: two']])
  })

  test('what could not stand in an address is no id of a session', async () => {
    await using t = await startTestGateway()
    for (const id of ['a/b', '../x', 'a..b', '.a', '%20x', 'ü', 'a'.repeat(257)]) {
      expect([id, await t.api.refusal(ask(t, {}, { 'X-Talaria-Session-Id': Buffer.from(id).toString('latin1') }))]).toMatchObject([
        id,
        { status: 400, code: 'invalid_session_id' },
      ])
    }
  })

  test('what a session was made to be told goes before what a request says', async () => {
    await using t = await startTestGateway()
    await t.api.json(t.api.post('/api/sessions', { id: 'pirate', system_prompt: 'Talk like a pirate.' }))
    await say(t, [{ role: 'system', content: 'Be brief.' }, user('Hello')], { 'X-Talaria-Session-Id': 'pirate' })
    expect(t.agent.runs[0]!.request.instructions).toBe('Talk like a pirate.\n\nBe brief.')
  })

  test('a tool’s result continues the session in which it was called for', async () => {
    const play = (run: TestRun) =>
      run.request.messages.at(-1)!.role === 'tool'
        ? run.say('It rains.').finish()
        : run
            .emit(
              { type: 'tool.started', id: 'call_1', name: 'weather', runs: 'client' },
              { type: 'tool.finished', id: 'call_1', name: 'weather', runs: 'client', arguments: '{"city":"Rome"}' },
            )
            .finish('tool_calls')
    await using t = await startTestGateway({ agent: new TestAgent({ play }) })
    const tools = [{ type: 'function', function: { name: 'weather' } }]
    const first = await ask(t, { messages: [user('Rain?')], tools })
    const { choices } = (await first.json()) as ChatCompletion
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } }] },
    })
    const second = await ask(t, { messages: [user('Rain?'), choices[0]!.message, { role: 'tool', tool_call_id: 'call_1', content: 'yes' }], tools })
    expect((await second.json()) as ChatCompletion).toMatchObject({ choices: [{ message: { content: 'It rains.' }, finish_reason: 'stop' }] })
    expect(second.headers.get('x-talaria-session-id')).toBe(first.headers.get('x-talaria-session-id'))
    expect(t.agent.runs[1]!.request.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
  })
})

describe('tools in a stream', () => {
  const started = (runs: 'client' | 'server', id = 'call_1') => ({ type: 'tool.started', id, name: 'look', runs }) as const
  const finished = (runs: 'client' | 'server', id = 'call_1') =>
    ({ type: 'tool.finished', id, name: 'look', runs, arguments: '{"at":1}', ...(runs === 'server' && { output: 'a cat' }) }) as const

  async function calls(t: TestGateway) {
    const chunks = dataOf(await t.api.frames(ask(t, { stream: true }))) as unknown as ChatCompletionChunk[]
    return chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])
  }

  test('arguments come as the model writes them, and those of two calls are told apart', async () => {
    const play = (run: TestRun) =>
      run
        .emit(started('client'), { type: 'tool.progress', id: 'call_1', argumentsDelta: '{"at"' }, started('client', 'call_2'), {
          type: 'tool.progress',
          id: 'call_1',
          argumentsDelta: ':1}',
        })
        .emit(finished('client'), { type: 'tool.progress', id: 'call_2', argumentsDelta: '{}' }, { ...finished('client', 'call_2'), arguments: '{}' })
        .finish('tool_calls')
    await using t = await startTestGateway({ agent: new TestAgent({ play }) })
    expect(await calls(t)).toEqual([
      { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } },
      { index: 0, function: { arguments: '{"at"' } },
      { index: 1, id: 'call_2', type: 'function', function: { name: 'look', arguments: '' } },
      { index: 0, function: { arguments: ':1}' } },
      { index: 1, function: { arguments: '{}' } },
    ])
  })

  test('arguments that come all at once are sent too', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.emit(started('client'), finished('client')).finish('tool_calls') }) })
    expect(await calls(t)).toEqual([
      { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } },
      { index: 0, function: { arguments: '{"at":1}' } },
    ])
  })

  /** @see hermes-agent #100705, LibreChat #12919, opencode #38106: custom SSE events break OpenAI clients */
  test('the server’s own tools show only to who asks for it, and then as events of their own', async () => {
    const play = (run: TestRun) => run.say('Let me look. ').emit(started('server'), finished('server')).say('A cat.').finish()
    await using t = await startTestGateway({ agent: new TestAgent({ play }) })
    const plain = await t.api.frames(ask(t, { stream: true }))
    expect(plain.map(({ event }) => event)).toEqual(plain.map(() => undefined))
    for (const frame of plain.slice(0, -1)) expect(JSON.parse(frame.data)).toMatchObject({ object: 'chat.completion.chunk', choices: [{}] })
    for (const header of ['X-Talaria-Events', 'X-Hermes-Events']) {
      const extended = await t.api.frames(ask(t, { stream: true }, { [header]: 'extended' }))
      expect(extended.map(({ event }) => event).filter(Boolean)).toEqual(['talaria.tool.started', 'talaria.tool.finished'])
      expect(extended.filter(({ event }) => event === undefined).map(({ data }) => data.replaceAll(/chatcmpl-\w+|"created":\d+/g, ''))).toEqual(
        plain.map(({ data }) => data.replaceAll(/chatcmpl-\w+|"created":\d+/g, '')),
      )
    }
  })
})

describe('how it ends', () => {
  test.each([
    ['length', 'length'],
    ['content_filter', 'content_filter'],
  ] as const)('an answer that was cut says so: %s', async (reason, expected) => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.say('Half').finish(reason) }) })
    expect((await t.api.json(ask(t, {}))).choices[0]).toMatchObject({ finish_reason: expected, message: { content: 'Half' } })
    expect(dataOf(await t.api.frames(ask(t, { stream: true }))).at(-1)).toMatchObject({ choices: [{ finish_reason: expected }] })
  })

  test('reasoning is told apart from the answer', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.emit({ type: 'reasoning.delta', text: 'Hm.' }).say('Yes.').finish() }) })
    expect((await t.api.json(ask(t, {}))).choices[0].message).toMatchObject({ content: 'Yes.', reasoning_content: 'Hm.' })
    expect(
      dataOf(await t.api.frames(ask(t, { stream: true }))).map(({ choices }) => (choices as unknown as ChatCompletionChunk['choices'])[0]!.delta),
    ).toContainEqual({ reasoning_content: 'Hm.' })
  })

  test('a failure without a word is 502, and not to be tried again: the agent has', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.fail('model_unavailable', 'The model is down.') }) })
    const response = await ask(t, {})
    expect([response.status, response.headers.get('x-should-retry')]).toEqual([502, 'false'])
    expect(await response.json()).toEqual({
      error: { message: 'The model is down. (model_unavailable)', type: 'server_error', param: null, code: 'agent_failed' },
    })
  })

  test('a conversation that is too long for the model is refused as OpenAI does', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.fail('context_too_long', 'Too long.', 'fatal') }) })
    expect(await t.api.refusal(ask(t, {}))).toEqual({ status: 400, code: 'context_length_exceeded', param: null })
  })

  test('a failure after some words is an answer with them, that says how it ended', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.say('Half').fail() }) })
    expect(await t.api.json(ask(t, {}))).toMatchObject({
      choices: [{ message: { content: 'Half' }, finish_reason: 'error' }],
      talaria: { status: 'failed', error: { code: 'model_unavailable' } },
    })
    const frames = await t.api.frames(ask(t, { stream: true }))
    expect(dataOf(frames).at(-1)).toEqual({ error: { message: 'It is not there.', type: 'server_error', param: null, code: 'model_unavailable' } })
    expect(frames.at(-1)!.data).toBe('[DONE]')
  })

  test('an answer that somebody stopped is no failure that a client would try again', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const waiting = ask(t, {})
    const { request } = await t.agent.next()
    await until('it is accepted', 1_000, async () => (await t.api.post(`/v1/runs/${request.turnId}/stop`)).ok)
    expect(await t.api.json(waiting)).toMatchObject({
      choices: [{ message: { content: '' }, finish_reason: 'error' }],
      talaria: { status: 'cancelled', error: { code: 'stopped' } },
    })
  })

  test('an answer that the end of the gateway interrupted is to be asked for again', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const waiting = ask(t, {})
    await t.agent.next()
    await t.gateway.drain()
    const response = await waiting
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect((await response.json()) as object).toMatchObject({ error: { code: 'run_interrupted' } })
  })
})

describe('when the client goes away', () => {
  test.each([
    ['a stream', { stream: true }],
    ['an answer', {}],
  ])('%s ends, with what it had', async (_, body) => {
    await using t = await startTestGateway({ agent: new TestAgent(), listens: true })
    const leaves = new AbortController()
    const asked = t.api.post(PATH, { messages: [user('Hello')], ...body }, { signal: leaves.signal }).then((response) => response.text())
    asked.catch(() => {})
    const run = (await t.agent.next()).say('Half')
    await until('half is said', 2_000, async () => (await t.stores.turns.events(run.request.turnId, { after: 0, limit: 1 })).length === 1)
    leaves.abort()
    await run.ended
    await until('it is settled', 2_000, async () => (await t.stores.turns.get(run.request.turnId, { all: true }))!.finishedAt !== null)
    expect(await t.stores.turns.get(run.request.turnId, { all: true })).toMatchObject({
      status: 'cancelled',
      output: 'Half',
      error: { code: 'client_disconnected' },
    })
  })

  test.each([
    ['by header', { headers: { 'X-Talaria-On-Disconnect': 'continue' } }, {}],
    ['by Hermes’ name', { headers: { 'X-Hermes-On-Disconnect': 'continue' } }, {}],
    ['by field', {}, { on_disconnect: 'continue' }],
  ])('a run that was asked to goes on, %s, and is found again', async (_, options, body) => {
    await using t = await startTestGateway({ agent: new TestAgent(), listens: true })
    const leaves = new AbortController()
    const asked = t.api
      .post(PATH, { messages: [user('Hello')], stream: true, ...body }, { signal: leaves.signal, ...options })
      .then((response) => response.text())
    asked.catch(() => {})
    const run = (await t.agent.next()).say('Half')
    leaves.abort()
    await asked.catch(() => {})
    await until('the connection is gone', 2_000, () => t.server.connections === 0)
    run.say(' and half').finish()
    const events = await t.api.frames(t.api.get(`/v1/runs/${run.request.turnId}/events`))
    expect(dataOf(events).at(-1)).toMatchObject({ event: 'run.completed', output: 'Half and half' })
  })

  test('a run ends with the last of those who follow it, not with the first', async () => {
    await using t = await startTestGateway({ agent: new TestAgent(), listens: true })
    const [one, other] = [new AbortController(), new AbortController()]
    const asked = t.api.post(PATH, { messages: [user('Hello')], stream: true }, { signal: one.signal }).then((response) => response.text())
    asked.catch(() => {})
    const run = (await t.agent.next()).say('Half')
    const watching = await t.api.get(`/v1/runs/${run.request.turnId}/events`, { signal: other.signal })
    one.abort()
    await asked.catch(() => {})
    // Longer than it takes to be noticed, as the other tests here show.
    await sleep(100)
    expect(run.signal.aborted).toBe(false)
    other.abort()
    await watching.text().catch(() => {})
    expect(await run.ended).toMatchObject({ code: 'client_disconnected' })
  })

  test('an odd wish is refused before anything begins', async () => {
    await using t = await startTestGateway()
    expect(await t.api.refusal(ask(t, {}, { 'X-Talaria-On-Disconnect': 'explode' }))).toEqual({
      status: 400,
      code: 'invalid_value',
      param: 'X-Talaria-On-Disconnect',
    })
    expect(t.agent.runs).toEqual([])
  })
})
