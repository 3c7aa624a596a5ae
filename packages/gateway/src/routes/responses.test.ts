import { systemClock } from '@talaria/core'
import { until } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import type { InputTokenCountParams } from 'openai/resources/responses/input-tokens'
import type { Response as OpenAIResponse, ResponseCompactParams, ResponseCreateParams, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import { dataOf, framesOf, type Frame } from '../../test/frames.ts'
import { startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'
import { echo, TestAgent, type TestRun } from '../../test/test-agent.ts'
import { RESPONSES_UNSUPPORTED, type COMPACT_UNSUPPORTED, type INPUT_TOKENS_UNSUPPORTED } from '../openai/parameters.ts'
import type { CompactRequest, InputTokensRequest, ResponseRequest } from '../openai/response-request.ts'

checkForLeaks()

const PATH = '/v1/responses'
const ALL = { all: true } as const
const ask = (t: TestGateway, body: object = {}, headers: Record<string, string> = {}) => t.api.post(PATH, { input: 'Hello', ...body }, { headers })
const create = (t: TestGateway, body: object = {}): Promise<OpenAIResponse> => t.api.json(ask(t, body))
const eventsOf = (frames: readonly Frame[]) => dataOf(frames) as unknown as ResponseStreamEvent[]
const textOf = ({ output }: OpenAIResponse) =>
  output.flatMap((item) => (item.type === 'message' ? item.content.map((part) => ('text' in part ? part.text : '')) : [])).join('')
const heard = (run: TestRun) => run.request.messages.map(({ content }) => content as string)

const tool = (runs: 'client' | 'server') => [
  { type: 'tool.started', id: 'call_1', name: 'look', runs } as const,
  { type: 'tool.progress', id: 'call_1', argumentsDelta: '{"at":1}' } as const,
  { type: 'tool.finished', id: 'call_1', name: 'look', runs, arguments: '{"at":1}', ...(runs === 'server' && { output: 'a cat' }) } as const,
]

/** Open Responses (2026-04-24) has all of these in every response. */
const REQUIRED = [
  'id',
  'object',
  'created_at',
  'completed_at',
  'status',
  'incomplete_details',
  'model',
  'previous_response_id',
  'instructions',
  'output',
  'error',
  'tools',
  'tool_choice',
  'truncation',
  'parallel_tool_calls',
  'text',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'top_logprobs',
  'temperature',
  'reasoning',
  'usage',
  'max_output_tokens',
  'max_tool_calls',
  'store',
  'background',
  'service_tier',
  'metadata',
  'safety_identifier',
  'prompt_cache_key',
] as const

describe('a response', () => {
  test('has every field that the specification requires, and is found again as it was', async () => {
    await using t = await startTestGateway()
    const response = await create(t, { model: 'gpt-5', metadata: { a: 'b' }, temperature: 0.5, instructions: 'Be brief.' })
    expect(Object.keys(response)).toEqual(expect.arrayContaining([...REQUIRED]))
    expect(response).toMatchObject({
      id: expect.stringMatching(/^resp_[0-9a-f]{32}$/),
      object: 'response',
      status: 'completed',
      model: 'gpt-5',
      metadata: { a: 'b' },
      temperature: 0.5,
      instructions: 'Be brief.',
      error: null,
      output: [
        {
          id: expect.stringMatching(/^msg_/),
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'You said: Hello', annotations: [], logprobs: [] }],
        },
      ],
      usage: { input_tokens: 3, output_tokens: 5, total_tokens: 8, input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } },
    })
    expect(await t.api.json(t.api.get(`${PATH}/${response.id}`))).toEqual(response)
  })

  test('that is not to be stored is not, and is answered all the same, streamed or not', async () => {
    await using t = await startTestGateway()
    const response = await create(t, { store: false })
    expect(textOf(response)).toBe('You said: Hello')
    expect(response).toHaveProperty('store', false)
    expect(await t.api.refusal(t.api.get(`${PATH}/${response.id}`))).toEqual({ status: 404, code: 'response_not_found', param: 'response_id' })
    const last = eventsOf(await t.api.frames(ask(t, { store: false, stream: true }))).at(-1) as Extract<ResponseStreamEvent, { type: 'response.completed' }>
    expect([last.type, textOf(last.response)]).toEqual(['response.completed', 'You said: Hello'])
  })

  test('that was deleted is not there any more, and its run ends', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const { id } = await create(t, { background: true })
    const run = await t.agent.next()
    expect(await t.api.json(t.api.delete(`${PATH}/${id}`))).toEqual({ id, object: 'response', deleted: true })
    expect((await t.api.refusal(t.api.get(`${PATH}/${id}`))).code).toBe('response_not_found')
    expect((await t.api.refusal(t.api.delete(`${PATH}/${id}`))).code).toBe('response_not_found')
    expect(await run.ended).toMatchObject({ code: 'response_deleted' })
  })

  test('is not there any more when its time is over', async () => {
    let offset = 0
    await using t = await startTestGateway({ clock: { ...systemClock, now: () => systemClock.now() + offset }, env: { TALARIA_RESPONSES_KEPT: '1h' } })
    const { id } = await create(t)
    offset = 59 * 60_000
    expect((await t.api.get(`${PATH}/${id}`)).status).toBe(200)
    offset = 61 * 60_000
    expect((await t.api.refusal(t.api.get(`${PATH}/${id}`))).code).toBe('response_not_found')
    expect((await t.api.refusal(ask(t, { previous_response_id: id }))).code).toBe('previous_response_not_found')
  })

  test('says when it was cut, and by what', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.say('Half').finish('length') }) })
    expect(await create(t)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      completed_at: null,
      output: [{ status: 'incomplete', content: [{ text: 'Half' }] }],
    })
  })

  test('that failed after some words holds them and the error; without a word the request has failed', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => (t.agent.runs.length === 1 ? run.say('Half') : run).fail() }) })
    expect(await create(t)).toMatchObject({
      status: 'failed',
      error: { code: 'model_unavailable', message: 'It is not there.' },
      output: [{ status: 'incomplete' }],
    })
    expect((await t.api.refusal(ask(t))).code).toBe('agent_failed')
  })
})

describe('parameters', () => {
  /** Every parameter of OpenAI's API is known here: it has an effect, or it is on the list of those that have none. */
  test('no parameter of OpenAI’s client is unknown', () => {
    expectTypeOf<
      Exclude<keyof InputTokenCountParams, keyof z.input<typeof InputTokensRequest> | keyof typeof INPUT_TOKENS_UNSUPPORTED>
    >().toEqualTypeOf<never>()
    expectTypeOf<Exclude<keyof ResponseCompactParams, keyof z.input<typeof CompactRequest> | keyof typeof COMPACT_UNSUPPORTED>>().toEqualTypeOf<never>()
    expectTypeOf<Exclude<keyof ResponseCreateParams, keyof z.input<typeof ResponseRequest> | keyof typeof RESPONSES_UNSUPPORTED>>().toEqualTypeOf<never>()
  })

  test('a parameter that has no effect here is refused by its name, unless it has OpenAI’s default value', async () => {
    await using t = await startTestGateway()
    const asking: Readonly<Record<string, unknown>> = {
      access_programs: { cyber: 'daybreak_red' },
      context_management: [{ type: 'compaction', compact_threshold: 1_000 }],
      image: { context_compression: 'enabled' },
      max_tool_calls: 1,
      moderation: { model: 'omni' },
      parallel_tool_calls: false,
      prompt: { id: 'pmpt_1' },
      service_tier: 'flex',
      top_logprobs: 1,
    }
    expect(Object.keys(asking).toSorted()).toEqual(Object.keys(RESPONSES_UNSUPPORTED).toSorted())
    for (const [name, value] of Object.entries(asking))
      expect(await t.api.refusal(ask(t, { [name]: value }))).toEqual({ status: 400, code: 'unsupported_parameter', param: name })
    await create(t, Object.fromEntries(Object.entries(RESPONSES_UNSUPPORTED).map(([name, { defaults }]) => [name, defaults[0] ?? null])))
    await create(t, {
      background: false,
      include: [],
      max_output_tokens: null,
      reasoning: { effort: null, summary: null, mode: 'standard', context: 'auto' },
      store: true,
      stream: false,
      stream_options: null,
      text: { format: { type: 'text' }, verbosity: 'medium' },
      tool_choice: 'auto',
      tools: [],
      truncation: 'disabled',
      temperature: 1,
      top_p: 1,
      prompt_cache_retention: null,
    })
  })

  test('a request that says what cannot be is refused, and the refusal names it', async () => {
    await using t = await startTestGateway()
    const refused = [
      ['nothing to answer', { input: undefined }, 'missing_required_parameter', 'input'],
      ['an empty input', { input: [] }, 'missing_required_parameter', 'input'],
      ['an input that is none', { input: 7 }, 'invalid_value', 'input'],
      ['an item nobody knows', { input: [{ type: 'web_search_call', id: 'x' }] }, 'unsupported_parameter', 'input[0].type'],
      ['a hosted tool', { tools: [{ type: 'web_search' }] }, 'unsupported_parameter', 'tools[0].type'],
      ['a choice of a hosted tool', { tool_choice: { type: 'web_search' } }, 'unsupported_parameter', 'tool_choice.type'],
      ['a choice of a tool that is not there', { tool_choice: { type: 'function', name: 'look' } }, 'invalid_value', 'tool_choice'],
      ['log probabilities', { include: ['message.output_text.logprobs'] }, 'invalid_value', 'include[0]'],
      ['few words', { text: { verbosity: 'low' } }, 'invalid_value', 'text.verbosity'],
      ['a mode that is not ours to choose', { reasoning: { mode: 'pro' } }, 'invalid_value', 'reasoning.mode'],
      ['both a predecessor and a conversation', { previous_response_id: 'resp_1', conversation: 'conv_1' }, 'mutually_exclusive_parameters', 'conversation'],
      ['a background that is not stored', { background: true, store: false }, 'invalid_value', 'store'],
      ['a parameter nobody has', { inputs: 'Hello' }, 'unknown_parameter', 'inputs'],
      ['a reference to nothing', { input: [{ type: 'item_reference', id: 'msg_x' }] }, 'invalid_value', 'input[0].id'],
      ['a compaction of another server', { input: [{ type: 'compaction', encrypted_content: '***' }] }, 'invalid_value', 'input[0].encrypted_content'],
    ] as const
    for (const [what, body, code, param] of refused) expect([what, await t.api.refusal(ask(t, body))]).toEqual([what, { status: 400, code, param }])
    expect(await t.stores.sessions.list(ALL, { limit: 1 })).toEqual([])
  })

  test('what a request says of the answer reaches the agent', async () => {
    await using t = await startTestGateway()
    const schema = { type: 'object', properties: {} }
    await create(t, {
      instructions: 'Be brief.',
      max_output_tokens: 50,
      temperature: 0.1,
      top_p: 0.2,
      presence_penalty: 0.3,
      frequency_penalty: 0.4,
      reasoning: { effort: 'high' },
      text: { format: { type: 'json_schema', name: 'city', schema, strict: true } },
      tools: [{ type: 'function', name: 'look', parameters: schema, strict: true, description: 'Looks' }],
      tool_choice: 'required',
    })
    expect(t.agent.runs[0]!.request).toMatchObject({
      instructions: 'Be brief.',
      toolChoice: 'required',
      clientTools: [{ name: 'look', parameters: schema, strict: true, description: 'Looks' }],
      sampling: {
        maxOutputTokens: 50,
        temperature: 0.1,
        topP: 0.2,
        presencePenalty: 0.3,
        frequencyPenalty: 0.4,
        reasoningEffort: 'high',
        responseFormat: { type: 'json', name: 'city', schema, strict: true },
      },
    })
  })

  test('with truncation the end of a long conversation reaches the agent, from a question on', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t, {
      input: Array.from({ length: 200 }, (_, n) => ({ role: n % 2 ? 'assistant' : 'user', content: `${n}` })).concat({ role: 'user', content: 'end' }),
    })
    await create(t, { previous_response_id: id, input: 'whole' })
    await create(t, { previous_response_id: id, input: 'cut', truncation: 'auto' })
    const [, whole, cut] = t.agent.runs
    expect(whole!.request.messages).toHaveLength(203)
    expect(cut!.request.messages.length).toBeLessThanOrEqual(101)
    expect(cut!.request.messages[0]).toMatchObject({ role: 'user' })
    expect(heard(cut!).at(-1)).toBe('cut')
  })
})

describe('a stream', () => {
  const everything = (run: TestRun) =>
    run
      .emit({ type: 'reasoning.delta', text: 'Hm. ' }, { type: 'reasoning.delta', text: 'Well.' })
      .say('Let me ', 'look.')
      .emit(...tool('server'))
      .say('A cat.')
      .emit({ type: 'usage', usage: { inputTokens: 1, outputTokens: 2, reasoningTokens: 0, cachedInputTokens: 0 } })
      .finish()

  test('has OpenAI’s events in OpenAI’s order, numbered without gaps', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: everything }) })
    const frames = await t.api.frames(ask(t, { stream: true }))
    const events = eventsOf(frames)
    expect(events.map(({ type }) => type.replace('response.', ''))).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'output_item.added',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ])
    expect(events.map(({ sequence_number: n }) => n)).toEqual(events.map((_, n) => n))
    expect(frames.slice(0, -1).map(({ event }) => event)).toEqual(events.map(({ type }) => type))
    expect(frames.map(({ id }) => id).filter(Boolean)).toEqual([])
    expect(frames.at(-1)!.data).toBe('[DONE]')
  })

  test('ends with the very response that is stored, every item of which was announced and is done', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: everything }) })
    const events = eventsOf(await t.api.frames(ask(t, { stream: true })))
    const { response } = events.at(-1) as Extract<ResponseStreamEvent, { type: 'response.completed' }>
    expect(await t.api.json(t.api.get(`${PATH}/${response.id}`))).toEqual(response)
    const done = events.filter((event) => event.type === 'response.output_item.done')
    expect(done.map(({ item }) => item)).toEqual(response.output)
    expect(done.map(({ output_index: n }) => n)).toEqual(response.output.map((_, n) => n))
    expect(response.output.map((item) => [item.type, 'status' in item && item.status])).toEqual([
      ['reasoning', 'completed'],
      ['message', 'completed'],
      ['function_call', 'completed'],
      ['function_call_output', 'completed'],
      ['message', 'completed'],
    ])
    expect(new Set(response.output.map(({ id }) => id)).size).toBe(5)
  })

  test('is replayed byte for byte, as a whole and from any number on, also once it is over', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: everything }) })
    const live = await t.api.frames(ask(t, { stream: true }))
    const { id } = (eventsOf(live)[0] as Extract<ResponseStreamEvent, { type: 'response.created' }>).response
    const replay = (query = '') => t.api.frames(t.api.get(`${PATH}/${id}?stream=true${query}`))
    const raw = (frames: readonly Frame[]) => frames.map((frame) => frame.raw)
    expect(raw(await replay())).toEqual(raw(live))
    for (const after of [-1, 0, 1, 2, 11, 27, 28]) expect(raw(await replay(`&starting_after=${after}`))).toEqual(raw(live).slice(after + 1))
    expect(raw(await replay('&starting_after=1000'))).toEqual(['data: [DONE]\n\n'])
    expect((await t.api.refusal(t.api.get(`${PATH}/${id}?stream=true&starting_after=x`))).param).toBe('starting_after')
    expect((await t.api.refusal(t.api.get(`${PATH}/${id}?stream=perhaps`))).param).toBe('stream')
  })

  test('begins at once, before the model says a word', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const frames = framesOf(await ask(t, { stream: true }))
    expect((await frames.next()).value).toMatchObject({ event: 'response.created' })
    expect((await frames.next()).value).toMatchObject({ event: 'response.in_progress' })
    ;(await t.agent.next()).finish()
    expect((await Array.fromAsync(frames)).map(({ event }) => event)).toEqual(['response.completed', undefined])
  })

  test('of a background response may be left and followed again while it runs', async () => {
    await using t = await startTestGateway({ agent: new TestAgent(), listens: true })
    const leaves = new AbortController()
    const first = framesOf(await t.api.post(PATH, { input: 'Hello', background: true, stream: true }, { signal: leaves.signal }))
    const seen: Frame[] = []
    const run = (await t.agent.next()).say('one ')
    while (seen.at(-1)?.event !== 'response.output_text.delta') seen.push((await first.next()).value as Frame)
    expect(seen.slice(0, 3).map(({ event }) => event)).toEqual(['response.created', 'response.queued', 'response.in_progress'])
    leaves.abort()
    await first.next().catch(() => {})
    const { response, sequence_number: _ } = eventsOf(seen)[0] as Extract<ResponseStreamEvent, { type: 'response.created' }>
    const rest = t.api.frames(t.api.get(`${PATH}/${response.id}?stream=true&starting_after=${eventsOf(seen).at(-1)!.sequence_number}`))
    run.say('two').finish()
    const all = [...seen, ...(await rest)]
    expect(eventsOf(all).map(({ sequence_number: n }) => n)).toEqual(eventsOf(all).map((__, n) => n))
    expect(all.map(({ raw }) => raw)).toEqual((await t.api.frames(t.api.get(`${PATH}/${response.id}?stream=true`))).map(({ raw }) => raw))
  })

  test('whose run was stopped ends as failed, with a status that says how', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const streaming = t.api.frames(ask(t, { stream: true }))
    const { request } = (await t.agent.next()).say('Half')
    await t.api.json(t.api.post(`/v1/runs/${request.turnId}/stop`))
    expect(eventsOf(await streaming).at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'cancelled', error: null } })
  })

  test('that cannot be stored says so in an event, and does not claim to be complete', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const streaming = t.api.frames(ask(t, { stream: true }))
    const run = await t.agent.next()
    const [turn] = await t.stores.turns.list(ALL, { limit: 1 })
    await t.stores.turns.adopt(turn!.runner, 'another')
    run.say('Half').finish()
    const events = eventsOf(await streaming)
    expect(events.at(-1)).toMatchObject({ type: 'error', code: 'run_lost' })
    expect(events.map(({ type }) => type)).not.toContain('response.completed')
  })
})

describe('a background response', () => {
  test('is answered at once, and found under way and then complete', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const queued = await create(t, { background: true })
    expect([queued.status, queued.output, queued.background]).toEqual(['queued', [], true])
    const run = await t.agent.next()
    expect(await t.api.json(t.api.get(`${PATH}/${queued.id}`))).toMatchObject({ status: 'in_progress', output: [] })
    run.say('Done').finish()
    await until('it is complete', 2_000, async () => (await t.api.json<OpenAIResponse>(t.api.get(`${PATH}/${queued.id}`))).status === 'completed')
    expect(textOf(await t.api.json(t.api.get(`${PATH}/${queued.id}`)))).toBe('Done')
  })

  test('is queued while it waits for the one before it, and in progress once it does not', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const first = await create(t, { background: true })
    const one = await t.agent.next()
    const second: OpenAIResponse = await t.api.json(ask(t, { background: true }, { 'X-Talaria-Session-Id': one.request.sessionId }))
    const statusOf = async ({ id }: OpenAIResponse) => (await t.api.json<OpenAIResponse>(t.api.get(`${PATH}/${id}`))).status
    expect([await statusOf(first), await statusOf(second)]).toEqual(['in_progress', 'queued'])
    one.finish()
    const other = await t.agent.next()
    expect(await statusOf(second)).toBe('in_progress')
    other.finish()
  })

  test('can be cancelled, queued or under way, once and again; it keeps what it had', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const first = await create(t, { background: true })
    const run = (await t.agent.next()).say('Half')
    const second: OpenAIResponse = await t.api.json(ask(t, { background: true }, { 'X-Talaria-Session-Id': run.request.sessionId }))
    const cancel = ({ id }: OpenAIResponse): Promise<OpenAIResponse> => t.api.json(t.api.post(`${PATH}/${id}/cancel`))
    expect(await cancel(second)).toMatchObject({ status: 'cancelled', output: [] })
    await until('half is said', 2_000, async () => (await t.stores.turns.events(run.request.turnId, { after: 0, limit: 1 })).length === 1)
    const cancelled = await cancel(first)
    expect(cancelled).toMatchObject({ status: 'cancelled', output: [{ content: [{ text: 'Half' }], status: 'incomplete' }] })
    expect(await cancel(first)).toEqual(cancelled)
  })

  test('that runs in another gateway is not said to be cancelled when it is not', async () => {
    await using one = await startTestGateway({ agent: new TestAgent() })
    await using other = await startTestGateway({ beside: one })
    const { id } = await create(one, { background: true })
    const run = await one.agent.next()
    expect(await other.api.refusal(other.api.post(`${PATH}/${id}/cancel`))).toMatchObject({ status: 409, code: 'run_not_active' })
    expect(run.signal.aborted).toBe(false)
    run.finish()
  })

  test('is the only kind that can be cancelled', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t)
    expect(await t.api.refusal(t.api.post(`${PATH}/${id}/cancel`))).toMatchObject({ status: 400, code: 'response_not_cancellable' })
  })

  test('survives its client, and a gateway that stops leaves it failed and readable', async () => {
    await using home = await startTestGateway({ isIdle: true })
    let id: string
    {
      await using t = await startTestGateway({ beside: home, agent: new TestAgent() })
      id = (await create(t, { background: true })).id
      const run = (await t.agent.next()).say('Half')
      await until('half is said', 2_000, async () => (await t.stores.turns.events(run.request.turnId, { after: 0, limit: 1 })).length === 1)
    }
    await using t = await startTestGateway({ beside: home })
    expect(await t.api.json(t.api.get(`${PATH}/${id}`))).toMatchObject({
      status: 'failed',
      error: { code: 'gateway_shutdown' },
      output: [{ content: [{ text: 'Half' }] }],
    })
  })
})

describe('a chain', () => {
  test('gives the agent what was said before, and stores of each response only its own', async () => {
    await using t = await startTestGateway()
    const first = await create(t, { input: 'one' })
    const second = await create(t, {
      input: [
        { role: 'user', content: 'two' },
        { role: 'user', content: 'three' },
      ],
      previous_response_id: first.id,
    })
    expect(second.previous_response_id).toBe(first.id)
    expect(heard(t.agent.runs[1]!)).toEqual(['one', 'You said: one', 'two', 'three'])
    expect(await t.stores.responses.get(second.id, ALL)).toMatchObject({ input: [{}, {}], output: [{}] })
    const [session, ...others] = await t.stores.sessions.list(ALL, { limit: 10 })
    expect([session!.messageCount, others]).toEqual([5, []])
  })

  test('does not carry instructions over', async () => {
    await using t = await startTestGateway()
    const first = await create(t, { instructions: 'Be brief.' })
    expect((await create(t, { previous_response_id: first.id })).instructions).toBeNull()
    expect(t.agent.runs[1]!.request.instructions).toBeUndefined()
  })

  test('may branch, and its branches know nothing of each other', async () => {
    await using t = await startTestGateway()
    const root = await create(t, { input: 'root' })
    await create(t, { input: 'left', previous_response_id: root.id })
    await create(t, { input: 'right', previous_response_id: root.id })
    expect(heard(t.agent.runs[2]!)).toEqual(['root', 'You said: root', 'right'])
  })

  test('goes on through responses that were deleted or have expired, as long as a descendant needs them', async () => {
    let offset = 0
    await using t = await startTestGateway({ clock: { ...systemClock, now: () => systemClock.now() + offset }, env: { TALARIA_RESPONSES_KEPT: '1h' } })
    const first = await create(t, { input: 'one' })
    const second = await create(t, { input: 'two', previous_response_id: first.id })
    offset = 30 * 60_000
    const third = await create(t, { input: 'three', previous_response_id: second.id })
    await t.api.json(t.api.delete(`${PATH}/${second.id}`))
    offset = 70 * 60_000
    await t.stores.retention.sweep({ sessionsMs: undefined, runsMs: undefined })
    await create(t, { input: 'four', previous_response_id: third.id })
    expect(heard(t.agent.runs[3]!)).toEqual(['one', 'You said: one', 'two', 'You said: two', 'three', 'You said: three', 'four'])
  })

  test('cannot go on from a response that is still under way, nor from one that is not there', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const { id } = await create(t, { background: true })
    const run = await t.agent.next()
    expect(await t.api.refusal(ask(t, { previous_response_id: id }))).toEqual({ status: 400, code: 'invalid_request', param: 'previous_response_id' })
    expect(await t.api.refusal(ask(t, { previous_response_id: 'resp_x' }))).toEqual({
      status: 404,
      code: 'previous_response_not_found',
      param: 'previous_response_id',
    })
    run.finish()
  })

  test('may name an item from before instead of repeating it', async () => {
    await using t = await startTestGateway()
    const first = await create(t, { input: 'one' })
    await create(t, {
      previous_response_id: first.id,
      input: [
        { type: 'item_reference', id: first.output[0]!.id },
        { role: 'user', content: 'two' },
      ],
    })
    expect(heard(t.agent.runs[1]!)).toEqual(['one', 'You said: one', 'You said: one', 'two'])
  })

  test('takes the result of a call of the client', async () => {
    const play = (run: TestRun) => (run.request.messages.at(-1)!.role === 'tool' ? echo(run) : run.emit(...tool('client')).finish('tool_calls'))
    await using t = await startTestGateway({ agent: new TestAgent({ play }) })
    const tools = [{ type: 'function', name: 'look' }]
    const first = await create(t, { tools })
    expect(first).toMatchObject({
      status: 'completed',
      output: [{ type: 'function_call', status: 'completed', call_id: 'call_1', name: 'look', arguments: '{"at":1}' }],
    })
    const second = await create(t, { tools, previous_response_id: first.id, input: [{ type: 'function_call_output', call_id: 'call_1', output: 'a cat' }] })
    expect(textOf(second)).toBe('You said: a cat')
    expect(t.agent.runs[1]!.request.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', toolCalls: [{ id: 'call_1', name: 'look' }] },
      { role: 'tool', toolCallId: 'call_1', content: 'a cat' },
    ])
  })

  test('lives in the session of its header, when it begins there; that session’s history is what came before', async () => {
    await using t = await startTestGateway()
    await t.api.json(t.api.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'zero' }] }, { headers: { 'X-Talaria-Session-Id': 'mine' } }))
    const response = await ask(t, { input: 'one' }, { 'X-Talaria-Session-Id': 'mine' })
    expect(response.headers.get('x-talaria-session-id')).toBe('mine')
    const { id } = (await response.json()) as OpenAIResponse
    expect(heard(t.agent.runs[1]!)).toEqual(['zero', 'You said: zero', 'one'])
    expect((await ask(t, { previous_response_id: id })).headers.get('x-talaria-session-id')).toBe('mine')
  })
})

describe('a conversation', () => {
  test('collects what was asked and answered, and gives it to the next response', async () => {
    await using t = await startTestGateway()
    const { id } = await t.api.json(t.api.post('/v1/conversations', { items: [{ role: 'user', content: 'zero' }] }))
    const first = await create(t, { input: 'one', conversation: id })
    expect(first.conversation).toEqual({ id })
    await create(t, { input: 'two', conversation: { id } })
    expect(heard(t.agent.runs[1]!)).toEqual(['zero', 'one', 'You said: one', 'two'])
    const { data } = await t.api.json(t.api.get(`/v1/conversations/${id}/items?order=asc`))
    expect((data as { role: string }[]).map(({ role }) => role)).toEqual(['user', 'user', 'assistant', 'user', 'assistant'])
    expect(await t.stores.sessions.list(ALL, { limit: 10 })).toHaveLength(1)
  })

  test('by a name of one’s own begins the first time, and is each caller’s own', async () => {
    await using t = await startTestGateway()
    const other = t.api.as((await t.api.json(t.api.post('/api/keys', { name: 'other' }))).key as string)
    await create(t, { input: 'one', conversation: 'my notes' })
    const second = await create(t, { input: 'two', conversation: 'my notes' })
    await t.api.json(other.post(PATH, { input: 'three', conversation: 'my notes' }))
    expect(heard(t.agent.runs[1]!)).toEqual(['one', 'You said: one', 'two'])
    expect(heard(t.agent.runs[2]!)).toEqual(['three'])
    expect(second.conversation!.id).toMatch(/^conv_/)
  })

  test.each(['conv_unknown', { id: 'anything' }])('%j, which nobody has, is not found', async (conversation) => {
    await using t = await startTestGateway()
    expect(await t.api.refusal(ask(t, { conversation }))).toEqual({ status: 404, code: 'conversation_not_found', param: 'conversation' })
  })

  test('that is being answered is heard to the end by the next response in it', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const { id } = await t.api.json(t.api.post('/v1/conversations', {}))
    const begin = create(t, { input: 'zero', conversation: id })
    echo(await t.agent.next())
    await begin
    const both = [create(t, { input: 'one', conversation: id }), create(t, { input: 'two', conversation: id })]
    const first = await t.agent.next()
    echo(first)
    const second = await t.agent.next()
    expect(heard(second)).toEqual(['zero', 'You said: zero', heard(first).at(-1), `You said: ${heard(first).at(-1)}`, heard(second).at(-1)])
    echo(second)
    await Promise.all(both)
  })

  test('does not take down what failed', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.say('Half').fail() }) })
    const { id } = await t.api.json(t.api.post('/v1/conversations', {}))
    await create(t, { conversation: id })
    expect((await t.api.json(t.api.get(`/v1/conversations/${id}/items`))).data).toEqual([])
  })
})

describe('the items of its input', () => {
  test('are listed a page at a time, either way round', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t, { input: Array.from({ length: 5 }, (_, n) => ({ id: `msg_${n}`, role: 'user', content: `${n}` })) })
    const list = (query: string) => t.api.json(t.api.get(`${PATH}/${id}/input_items${query}`))
    const ids = (page: { data: { id: string }[] }) => page.data.map((item) => item.id)
    expect(ids(await list(''))).toEqual(['msg_4', 'msg_3', 'msg_2', 'msg_1', 'msg_0'])
    const page = await list('?order=asc&limit=2')
    expect(page).toMatchObject({
      object: 'list',
      first_id: 'msg_0',
      last_id: 'msg_1',
      has_more: true,
      data: [{ type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: '0' }] }, {}],
    })
    expect(await list(`?order=asc&limit=3&after=${page.last_id}`)).toMatchObject({ first_id: 'msg_2', last_id: 'msg_4', has_more: false })
    expect(await t.api.refusal(t.api.get(`${PATH}/${id}/input_items?after=msg_9`))).toMatchObject({ code: 'invalid_pagination', param: 'after' })
    for (const limit of [0, 101, 'x']) expect((await t.api.refusal(t.api.get(`${PATH}/${id}/input_items?limit=${limit}`))).param).toBe('limit')
  })
})

describe('what helps with long conversations', () => {
  const tokens = async (t: TestGateway, body: object) => (await t.api.json(t.api.post(`${PATH}/input_tokens`, body))).input_tokens as number

  test('tokens are estimated of all that the model would read', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t, { input: 'x'.repeat(400) })
    expect(await t.api.json(t.api.post(`${PATH}/input_tokens`, { input: 'x'.repeat(400) }))).toEqual({ object: 'response.input_tokens', input_tokens: 104 })
    expect(await tokens(t, { input: 'Hello', previous_response_id: id })).toBeGreaterThan(200)
    expect(await tokens(t, { input: 'Hello', instructions: 'x'.repeat(400) })).toBeGreaterThan(100)
    expect(await tokens(t, { input: 'Hello', tools: [{ type: 'function', name: 'look', description: 'x'.repeat(400) }] })).toBeGreaterThan(100)
    expect(await tokens(t, { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'https://a.example/a.png' }] }] })).toBeGreaterThan(85)
  })

  test('estimating begins no conversation, not even by a name that nobody has', async () => {
    await using t = await startTestGateway()
    await create(t, { input: 'x'.repeat(400), conversation: 'known' })
    expect(await tokens(t, { input: 'Hello', conversation: 'known' })).toBeGreaterThan(100)
    expect(await tokens(t, { input: 'Hello', conversation: 'unknown' })).toBeLessThan(20)
    expect(await t.stores.conversations.named('unknown', 'root')).toBeUndefined()
  })

  test('a compaction keeps what was said and holds the rest, and a response goes on from it', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.say('They greeted each other.').finish() }) })
    const first = await create(t, { input: 'Hello' })
    const compaction = await t.api.json(t.api.post(`${PATH}/compact`, { model: 'gpt-5', previous_response_id: first.id, input: 'And on?' }))
    expect(compaction).toMatchObject({
      object: 'response.compaction',
      output: [{ type: 'message', role: 'user', content: [{ text: 'Hello' }] }, { content: [{ text: 'And on?' }] }, { type: 'compaction' }],
    })
    expect(t.agent.runs[1]!.request).toMatchObject({ model: 'gpt-5', toolChoice: 'none' })
    await create(t, { input: [...compaction.output, { role: 'user', content: 'Now?' }] })
    expect(t.agent.runs[2]!.request.messages).toMatchObject([
      { content: 'Hello' },
      { content: 'And on?' },
      { role: 'system', content: 'They greeted each other.' },
      { content: 'Now?' },
    ])
    expect(await t.api.refusal(t.api.post(`${PATH}/compact`, {}))).toEqual({ status: 400, code: 'missing_required_parameter', param: 'input' })
    expect((await t.api.refusal(t.api.post(`${PATH}/compact`, { input: 'x', service_tier: 'flex' }))).param).toBe('service_tier')
  })

  test('a compaction is admitted like a run, counted like one, and ends with its client or the gateway', async () => {
    await using t = await startTestGateway({ agent: new TestAgent(), env: { API_SERVER_MAX_CONCURRENT_RUNS: '1' } })
    const leaves = new AbortController()
    const left = t.api.post(`${PATH}/compact`, { input: 'Hello' }, { signal: leaves.signal })
    const run = await t.agent.next()
    expect((await t.api.refusal(ask(t))).code).toBe('rate_limit_exceeded')
    expect((await t.api.refusal(t.api.post(`${PATH}/compact`, { input: 'Hello' }, { headers: { 'Idempotency-Key': 'one' } }))).code).toBe('rate_limit_exceeded')
    leaves.abort()
    await run.ended
    await left.catch(() => {})
    const waiting = t.api.post(`${PATH}/compact`, { input: 'Hello' })
    await t.agent.next()
    await t.gateway.drain()
    expect(await t.api.refusal(waiting)).toMatchObject({ status: 503, code: 'gateway_draining' })
  })

  test('a compaction that the model fails is a failure of the agent', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.fail() }) })
    expect(await t.api.refusal(t.api.post(`${PATH}/compact`, { input: 'Hello' }))).toEqual({ status: 502, code: 'agent_failed', param: null })
  })
})
