import { silentLog, systemClock } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import type { AgentMessage, AgentRequest } from '../../agent.ts'
import { createAgent } from '../../create-agent.ts'
import { ask, requestOf } from '../../testing/index.ts'

const agent = createAgent({ settings: { maxAttempts: 1 }, clock: systemClock, log: silentLog })

const user = (content: AgentMessage['content']): AgentMessage => ({ role: 'user', content })
const assistant = (content: string): AgentMessage => ({ role: 'assistant', content })
const WEATHER = {
  name: 'get_weather',
  description: 'Weather',
  parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1 } }, required: ['city', 'days'] },
}

test('the first answer says what it is, that it is no language model, and how to get one', async () => {
  const { text, end } = await ask(agent, 'hello')
  for (const words of ['not a language model', 'TALARIA_MODEL', 'OPENAI_BASE_URL', 'OPENAI_API_KEY', 'Ollama', '!help', '“hello”'])
    expect(text).toContain(words)
  expect(end).toEqual({ type: 'finished', reason: 'stop' })
})

test('later answers are short, marked, count the messages and quote the last', async () => {
  const { text } = await ask(agent, { messages: [{ role: 'system', content: 'be brief' }, user('a'), assistant('b'), user('second')] })
  expect(text).toBe('(scripted model) This conversation has 3 messages. You wrote: “second”.')
})

test('pictures and files are acknowledged by number', async () => {
  const image = { type: 'image', url: 'data:image/png;base64,AAAA' } as const
  const file = { type: 'file', url: 'data:application/pdf;base64,AAAA' } as const
  expect((await ask(agent, { messages: [user([{ type: 'text', text: 'see' }, image, image, file])] })).text).toContain('With it came 2 images and 1 file.')
})

test('a long message is quoted in part', async () => {
  const { text } = await ask(agent, { messages: [user('a'), assistant('b'), user('x'.repeat(10_000))] })
  expect(text.length).toBeLessThan(400)
})

test('the same conversation gets the same answer, event by event', async () => {
  const request = { messages: [user('!think a b\n!say c d\n!call get_weather')], clientTools: [WEATHER] }
  expect((await ask(agent, request)).events).toEqual((await ask(agent, request)).events)
})

test('a demanded tool is called with what its schema demands', async () => {
  for (const toolChoice of ['required', { name: 'get_weather' }] as const) {
    const { of, end } = await ask(agent, { messages: [user('weather?')], clientTools: [WEATHER], toolChoice })
    expect(of('tool.finished')).toMatchObject([{ name: 'get_weather', runs: 'client', arguments: '{"city":"city","days":1}' }])
    expect(end).toEqual({ type: 'finished', reason: 'tool_calls' })
  }
})

test('a tool result is acknowledged in the next answer', async () => {
  const messages: AgentMessage[] = [
    user('weather?'),
    { role: 'assistant', content: '', toolCalls: [{ id: 'call_1', name: 'get_weather', arguments: '{}' }] },
    { role: 'tool', content: 'sunny', toolCallId: 'call_1' },
  ]
  expect((await ask(agent, { messages, clientTools: [WEATHER] })).text).toBe('(scripted model) The tool get_weather answered: “sunny”.')
})

test('JSON is answered with JSON that fits the schema, or with any object', async () => {
  const schema = { type: 'object', properties: { answer: { enum: ['yes', 'no'] } }, required: ['answer'] }
  expect(JSON.parse((await ask(agent, { messages: [user('?')], sampling: { responseFormat: { type: 'json', schema } } })).text)).toEqual({ answer: 'yes' })
  expect(JSON.parse((await ask(agent, { messages: [user('?')], sampling: { responseFormat: { type: 'json' } } })).text)).toEqual({
    answer: expect.stringContaining('“?”'),
  })
})

test('an answer longer than its limit is cut there, with the reason length', async () => {
  const { text, end, of } = await ask(agent, { messages: [user('!stream 50 chunks')], sampling: { maxOutputTokens: 5 } })
  expect([text, end]).toEqual(['word word word word ', { type: 'finished', reason: 'length' }])
  expect(of('usage').at(-1)?.usage.outputTokens).toBe(5)
})

test('an answer ends before a stop sequence', async () => {
  const { text, end } = await ask(agent, { messages: [user('!say one two three')], sampling: { stop: ['two'] } })
  expect([text, end]).toEqual(['one ', { type: 'finished', reason: 'stop' }])
})

test('tokens are counted at four characters each, over everything that is read and said', async () => {
  const { of } = await ask(agent, { instructions: '12345678', messages: [user('!think 12345678\n!say 1234')] })
  expect(of('usage').at(-1)?.usage).toEqual({ inputTokens: 2 + 7, outputTokens: 3, reasoningTokens: 2, cachedInputTokens: 0 })
})

test('lines of a script are lines of the answer, reasoning apart', async () => {
  const { text, of } = await ask(agent, '!think hm\n!say one\n!stream 2 {n}\n!repeat 2 !say x')
  expect(text).toBe('one\n1 2 \nx\nx')
  expect(of('reasoning.delta')).toEqual([{ type: 'reasoning.delta', text: 'hm' }])
})

test('each chunk of a stream is an event', async () => {
  expect((await ask(agent, '!stream 50 chunks word{n}')).of('text.delta').map(({ text }) => text)).toEqual(
    Array.from({ length: 50 }, (_, index) => `word${index + 1} `),
  )
})

test('a paced stream keeps its pace and does not drift', async () => {
  const clock = new FakeClock()
  const paced = createAgent({ settings: {}, clock, log: silentLog })
  const arrivals: number[] = []
  const start = clock.now()
  const turn = (async () => {
    for await (const event of paced.run(requestOf('!stream 5 chunks every 20ms'), new AbortController().signal))
      if (event.type === 'text.delta') arrivals.push(clock.now() - start)
  })()
  for (let i = 0; i < 10; i++) await clock.advance(10)
  await turn
  expect(arrivals).toEqual([0, 20, 40, 60, 80])
})

test('a script goes on after the results of its calls, for tools of either side', async () => {
  const text = '!call get_weather {"city":"Rome","days":1}\n!then\n!say It is {result}.'
  const first = await ask(agent, { messages: [user(text)], clientTools: [WEATHER] })
  const call = first.of('tool.finished')[0]!
  const second = await ask(agent, {
    messages: [
      user(text),
      { role: 'assistant', content: first.text, toolCalls: [{ id: call.id, name: call.name, arguments: call.arguments }] },
      { role: 'tool', content: 'sunny', toolCallId: call.id },
    ],
    clientTools: [WEATHER],
  })
  expect(second.text).toBe('It is sunny.')
  expect((await ask(agent, '!call current_time {"time_zone":"Asia/Tokyo"}\n!then\n!say It is {result}.')).text).toMatch(/^It is .* \(Asia\/Tokyo\)\.$/)
})

test('calls of one conversation have ids of their own', async () => {
  const { of } = await ask(agent, '!call current_time\n!call current_time\n!then\n!call current_time')
  expect(of('tool.finished').map(({ id }) => id)).toEqual(['call_1', 'call_2', 'call_3'])
})

test('arguments arrive in pieces that add up', async () => {
  const { of } = await ask(agent, { messages: [user('!call get_weather {"city":"a city with a rather long name","days":2}')], clientTools: [WEATHER] })
  const pieces = of('tool.progress').map(({ argumentsDelta }) => argumentsDelta)
  expect(pieces.length).toBeGreaterThan(1)
  expect(pieces.join('')).toBe(of('tool.finished')[0]?.arguments)
})

test('a call that cannot be made is explained instead', async () => {
  expect((await ask(agent, '!call fly')).text).toBe('I was offered no tool fly. I was offered: current_time.')
  const none: Partial<AgentRequest> = { messages: [user('!call current_time')], toolChoice: 'none' }
  expect((await ask(agent, none)).text).toContain('told to call no tools')
})

test('a mistake is explained with the help, and nothing of the script is done', async () => {
  const { text } = await ask(agent, '!say hello\n!sing loudly')
  expect(text).toContain('`!sing loudly`: there is no command !sing.')
  expect(text).toContain('`!stream N chunks')
  expect(text).not.toMatch(/^hello/)
})

test('!help shows the commands', async () => {
  expect((await ask(agent, '!help')).text).toContain('- `!say TEXT` says TEXT')
})

test.each([
  ['!fail 429', { failure: 'retryable', code: 'model_rate_limited' }],
  ['!fail 500 out of paper', { failure: 'retryable', code: 'model_unavailable', message: expect.stringContaining('out of paper') }],
  ['!fail 400', { failure: 'fatal', code: 'model_refused_request' }],
  ['!fail 401', { failure: 'misconfigured', code: 'model_key_refused' }],
  ['!fail ECONNRESET', { failure: 'retryable', code: 'model_connection_lost' }],
])('%s fails as a real model would', async (line, failure) => {
  expect((await ask(agent, line)).end).toMatchObject({ type: 'failed', ...failure })
})

test('a failure after words keeps the words', async () => {
  const { text, end } = await ask(agent, '!say half of\n!fail 503')
  expect([text, end?.type]).toEqual(['half of', 'failed'])
})

test('!finish ends an answer with its reason', async () => {
  const { text, end } = await ask(agent, '!say a\n!finish content_filter\n!say b')
  expect([text, end]).toEqual(['a', { type: 'finished', reason: 'content_filter' }])
})

test('a long stream lets others have their turn', async () => {
  let beats = 0
  const beat = setInterval(() => (beats += 1), 0)
  await ask(agent, '!stream 20000 chunks')
  clearInterval(beat)
  expect(beats).toBeGreaterThan(3)
})
