import { zodResponseFormat } from 'openai/helpers/zod'
import type { ChatCompletionTool } from 'openai/resources/chat/completions'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { useGateway } from '../testing/use-gateway.ts'

const shared = useGateway()

const WEATHER: ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
const say = (content: string) => [{ role: 'user' as const, content }]

describe('models', () => {
  test('are listed with the default one among them, and each can be retrieved', async () => {
    const models = []
    for await (const model of shared.openai().models.list()) models.push(model)
    expect(models.map(({ id }) => id)).toContain('talaria')
    expect(await shared.openai().models.retrieve('talaria')).toMatchObject({
      id: 'talaria',
      object: 'model',
      created: expect.any(Number),
      owned_by: expect.any(String),
    })
  })
})

describe('chat completions', () => {
  test('are answered as a whole', async () => {
    const completion = await shared.openai().chat.completions.create({ model: 'some-model', messages: say('!say Good morning.') })
    expect(completion.choices).toMatchObject([{ index: 0, message: { role: 'assistant', content: 'Good morning.', refusal: null }, finish_reason: 'stop' }])
    expect(completion).toMatchObject({ object: 'chat.completion', model: 'some-model' })
    expect(completion.usage!.total_tokens).toBe(completion.usage!.prompt_tokens + completion.usage!.completion_tokens)
  })

  test('are streamed in chunks that add up, with usage last when asked for', async () => {
    const stream = await shared
      .openai()
      .chat.completions.create({ model: 'talaria', messages: say('!stream 5 chunks word{n} '), stream: true, stream_options: { include_usage: true } })
    const chunks = await Array.fromAsync(stream)
    expect(chunks[0]!.choices[0]!.delta.role).toBe('assistant')
    expect(
      chunks
        .map((chunk) => chunk.choices[0]?.delta.content ?? '')
        .join('')
        .trim(),
    ).toBe('word1 word2 word3 word4 word5')
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean)).toEqual(['stop'])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: expect.any(Number) } })
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
  })

  test('the streaming helper sees each delta and ends with the whole completion', async () => {
    const stream = shared.openai().chat.completions.stream({ model: 'talaria', messages: say('!say one two three') })
    const deltas: string[] = []
    stream.on('content.delta', ({ delta }) => deltas.push(delta))
    expect((await stream.finalChatCompletion()).choices[0]!.message.content).toBe('one two three')
    expect(deltas.join('')).toBe('one two three')
    expect(deltas.length).toBeGreaterThan(1)
  })

  test('a tool of the client is called, and its result answered', async () => {
    const ask = say('!call get_weather {"city":"Rome"}\n!then\n!say It is {result}.')
    const first = await shared.openai().chat.completions.create({ model: 'talaria', messages: ask, tools: [WEATHER] })
    const [choice] = first.choices
    expect(choice).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ type: 'function', function: { name: 'get_weather', arguments: '{"city":"Rome"}' } }] },
    })
    const second = await shared.openai().chat.completions.create({
      model: 'talaria',
      messages: [...ask, choice!.message, { role: 'tool', tool_call_id: choice!.message.tool_calls![0]!.id, content: 'sunny' }],
      tools: [WEATHER],
    })
    expect(second.choices[0]!.message.content).toBe('It is sunny.')
  })

  test('a streamed tool call is put together by the helper', async () => {
    const stream = shared
      .openai()
      .chat.completions.stream({ model: 'talaria', messages: say('!call get_weather {"city":"Oslo"}\n!call get_weather {"city":"Rome"}'), tools: [WEATHER] })
    const { choices } = await stream.finalChatCompletion()
    expect(choices[0]!.finish_reason).toBe('tool_calls')
    expect(choices[0]!.message.tool_calls!.map((call) => call.type === 'function' && call.function.arguments)).toEqual(['{"city":"Oslo"}', '{"city":"Rome"}'])
  })

  test('the tool runner goes round until the model says no more', async () => {
    const cities: string[] = []
    const runner = shared.openai().chat.completions.runTools({
      model: 'talaria',
      messages: say('!call get_weather {"city":"Rome"}\n!then\n!call get_weather {"city":"Oslo"}\n!then\n!say Done: {result}'),
      stream: true,
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'The weather of a city',
            parameters: { type: 'object', properties: { city: { type: 'string' } } },
            parse: JSON.parse,
            function: ({ city }: { city: string }) => {
              cities.push(city)
              return `fine in ${city}`
            },
          },
        },
      ],
    })
    expect(await runner.finalContent()).toBe('Done: fine in Oslo')
    expect(cities).toEqual(['Rome', 'Oslo'])
  })

  test('a structured answer fits the schema that was asked for', async () => {
    const City = z.object({ name: z.string(), people: z.int(), capital: z.boolean() })
    const completion = await shared
      .openai()
      .chat.completions.parse({ model: 'talaria', messages: say('Describe Rome'), response_format: zodResponseFormat(City, 'city') })
    expect(City.parse(completion.choices[0]!.message.parsed)).toBeDefined()
  })

  test('an answer that was cut says so', async () => {
    const completion = await shared
      .openai()
      .chat.completions.create({ model: 'talaria', messages: say('!say one two three four five six seven eight nine ten'), max_completion_tokens: 3 })
    expect(completion.choices[0]!.finish_reason).toBe('length')
  })
})
