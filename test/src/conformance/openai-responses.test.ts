import { zodTextFormat } from 'openai/helpers/zod'
import type { FunctionTool, ResponseInput, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { useGateway } from '../testing/use-gateway.ts'

const shared = useGateway()
const responses = () => shared.openai().responses

const WEATHER: FunctionTool = {
  type: 'function',
  name: 'get_weather',
  description: 'The weather of a city',
  strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
}

describe('responses', () => {
  test('are answered, retrieved as they were, and deleted', async () => {
    const created = await responses().create({ model: 'talaria', input: '!say Good morning.', metadata: { purpose: 'test' } })
    expect(created).toMatchObject({ object: 'response', status: 'completed', output_text: 'Good morning.', metadata: { purpose: 'test' }, model: 'talaria' })
    expect(await responses().retrieve(created.id)).toEqual(created)
    await responses().delete(created.id)
    await expect(responses().retrieve(created.id)).rejects.toMatchObject({ status: 404, code: 'response_not_found' })
  })

  test('follow one another, instructions not carried over', async () => {
    const first = await responses().create({ model: 'talaria', input: 'My name is Ada.', instructions: 'Be brief.' })
    const second = await responses().create({ model: 'talaria', input: 'What is my name?', previous_response_id: first.id })
    expect(second).toMatchObject({ previous_response_id: first.id, instructions: null })
    expect(second.output_text).toMatch(/3 messages/)
  })

  test('have their input listed, page by page', async () => {
    const input: ResponseInput = ['one', 'two', 'three'].map((content) => ({ role: 'user', content }))
    const { id } = await responses().create({ model: 'talaria', input })
    const texts: string[] = []
    for await (const item of responses().inputItems.list(id, { limit: 2, order: 'asc' })) {
      if (item.type === 'message') texts.push(...item.content.map((part) => (part.type === 'input_text' ? part.text : '?')))
    }
    expect(texts).toEqual(['one', 'two', 'three'])
  })

  test('are not found once they were not stored', async () => {
    const { id } = await responses().create({ model: 'talaria', input: '!say x', store: false })
    await expect(responses().retrieve(id)).rejects.toMatchObject({ status: 404 })
  })

  test('a structured answer fits the schema that was asked for', async () => {
    const City = z.object({ name: z.string(), people: z.int() })
    const { output_parsed } = await responses().parse({ model: 'talaria', input: 'Describe Rome', text: { format: zodTextFormat(City, 'city') } })
    expect(City.parse(output_parsed)).toBeDefined()
  })

  test('an answer that was cut is incomplete, and says why', async () => {
    const response = await responses().create({ model: 'talaria', input: `!say ${'word '.repeat(200)}`, max_output_tokens: 16 })
    expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
    expect(response.output[0]).toMatchObject({ status: 'incomplete' })
  })
})

describe('streams of responses', () => {
  test('are numbered without gaps, begin with response.created and end with response.completed', async () => {
    const stream = await responses().create({ model: 'talaria', input: '!think Hm. Well.\n!say one two three', stream: true })
    const events = await Array.fromAsync(stream)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    expect(events.map((event) => event.type)).toMatchObject({ 0: 'response.created', 1: 'response.in_progress', [events.length - 1]: 'response.completed' })
    expect(textOf(events)).toBe('one two three')
  })

  test('the helper puts text together and ends with the response that is stored', async () => {
    const stream = responses().stream({ model: 'talaria', input: '!say one two three' })
    const snapshots: string[] = []
    stream.on('response.output_text.delta', (event) => snapshots.push(event.snapshot))
    const final = await stream.finalResponse()
    expect(snapshots.at(-1)).toBe('one two three')
    expect(await responses().retrieve(final.id)).toMatchObject({ output_text: 'one two three', status: 'completed' })
  })

  test('the helper puts the arguments of calls together, several at once', async () => {
    const stream = responses().stream({
      model: 'talaria',
      input: '!say Looking.\n!call get_weather {"city":"Rome"}\n!call get_weather {"city":"Oslo"}',
      tools: [WEATHER],
    })
    const { output } = await stream.finalResponse()
    expect(output.map((item) => (item.type === 'function_call' ? item.arguments : item.type))).toEqual(['message', '{"city":"Rome"}', '{"city":"Oslo"}'])
  })

  test("the results of the client's tools are taken up", async () => {
    const input = '!call get_weather {"city":"Rome"}\n!then\n!say It is {result}.'
    const first = await responses().create({ model: 'talaria', input, tools: [WEATHER] })
    const [call] = first.output
    expect(call).toMatchObject({ type: 'function_call', name: 'get_weather', status: 'completed' })
    const second = await responses().create({
      model: 'talaria',
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id: (call as { call_id: string }).call_id, output: 'sunny' }],
      tools: [WEATHER],
    })
    expect(second.output_text).toBe('It is sunny.')
  })

  test("the server's own tools appear as items that are completed", async () => {
    const { output } = await responses()
      .stream({ model: 'talaria', input: '!call current_time {"time_zone":"UTC"}\n!then\n!say It is {result}.' })
      .finalResponse()
    expect(output.map(({ type }) => type)).toEqual(['function_call', 'function_call_output', 'message'])
    expect(output).toMatchObject([{ status: 'completed' }, { status: 'completed' }, { status: 'completed' }])
  })

  test('a stream that was left is found again from any number on, by plain retrieval and by the helper', async () => {
    const { id } = await responses().create({ model: 'talaria', input: '!stream 20 chunks every 10ms word{n} ', background: true })
    const whole = await Array.fromAsync(await responses().retrieve(id, { stream: true }))
    expect(textOf(whole).trim().split(' ')).toHaveLength(20)
    for (const after of [0, 1, 7, whole.length - 2]) {
      const rest = await Array.fromAsync(await responses().retrieve(id, { stream: true, starting_after: after }))
      expect(rest).toEqual(whole.slice(after + 1))
    }
    const seen: ResponseStreamEvent[] = []
    const helper = responses().stream({ response_id: id, starting_after: 9 })
    helper.on('event', (event) => seen.push(event))
    expect((await helper.finalResponse()).output_text).toBe(textOf(whole))
    expect(seen[0]!.sequence_number).toBe(10)
  })
})

describe('background responses', () => {
  test('are answered at once as queued, and complete without a connection', async () => {
    const queued = await responses().create({ model: 'talaria', input: '!pause 50ms\n!say done', background: true })
    expect(queued).toMatchObject({ status: 'queued', background: true, output: [] })
    await Array.fromAsync(await responses().retrieve(queued.id, { stream: true }))
    expect(await responses().retrieve(queued.id)).toMatchObject({ status: 'completed', output_text: 'done' })
  })

  test('are cancelled with the text that they had', async () => {
    const { id } = await responses().create({ model: 'talaria', input: '!say begun\n!hang', background: true })
    const stream = await responses().retrieve(id, { stream: true })
    for await (const event of stream) if (event.type === 'response.output_text.delta') break
    expect(await responses().cancel(id)).toMatchObject({ id, status: 'cancelled' })
    expect(await responses().retrieve(id)).toMatchObject({ status: 'cancelled', output_text: expect.stringContaining('begun') })
  })

  test('only they are cancelled', async () => {
    const { id } = await responses().create({ model: 'talaria', input: '!say x' })
    await expect(responses().cancel(id)).rejects.toMatchObject({ status: 400, code: 'response_not_cancellable' })
  })
})

describe('beside responses', () => {
  test('input tokens are counted', async () => {
    const few = await responses().inputTokens.count({ model: 'talaria', input: 'Hello' })
    const more = await responses().inputTokens.count({ model: 'talaria', input: 'Hello, and a good deal more than that', tools: [WEATHER] })
    expect(few.object).toBe('response.input_tokens')
    expect(more.input_tokens).toBeGreaterThan(few.input_tokens)
  })

  test('a long conversation is compacted into items that can be sent again', async () => {
    const input: ResponseInput = Array.from({ length: 20 }, (_, index) => ({ role: index % 2 ? 'assistant' : 'user', content: `message ${index}` }))
    const compacted = await responses().compact({ model: 'talaria', input })
    expect(compacted).toMatchObject({ object: 'response.compaction', usage: { total_tokens: expect.any(Number) } })
    const next = await responses().create({ model: 'talaria', input: [...(compacted.output as ResponseInput), { role: 'user', content: 'Go on' }] })
    expect(next.status).toBe('completed')
  })
})

function textOf(events: readonly ResponseStreamEvent[]): string {
  return events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('')
}
