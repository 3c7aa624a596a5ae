import { describe, expect, test } from 'vitest'
import type { SseFrame } from '../../testing/sse-frames.ts'
import { useGateway } from '../../testing/use-gateway.ts'
import { checkStream } from './check-stream.ts'
import { responseSchema, type OpenResponse } from './response-schema.ts'

const shared = useGateway({ env: { API_SERVER_STREAM_KEEPALIVE: '100ms' } })

const WEATHER = {
  type: 'function',
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}
const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PDF = `data:application/pdf;base64,${Buffer.from('%PDF-1.4\n%%EOF').toString('base64')}`

async function whole(body: Record<string, unknown>): Promise<OpenResponse> {
  const { status, json, text } = await shared.gateway.api.post('/v1/responses', { model: 'talaria', ...body })
  expect(status, text).toBe(200)
  return responseSchema.parse(json)
}

async function streamed(body: Record<string, unknown>): Promise<OpenResponse> {
  const { status, headers, frames } = await shared.gateway.api.stream('POST', '/v1/responses', { body: { model: 'talaria', ...body, stream: true } })
  expect(status).toBe(200)
  expect(headers['content-type']).toMatch(/^text\/event-stream/)
  return checkStream(await Array.fromAsync(frames)).response
}

const textOf = ({ output }: OpenResponse) => output.map((item) => (item.type === 'message' ? item.content.map(({ text }) => text).join('') : '')).join('')

// The cases of the project's own compliance command, and what else has a shape of its own.
const CASES: readonly [string, Record<string, unknown>, (response: OpenResponse) => void][] = [
  ['a text', { input: '!say Hello there.' }, (response) => expect(textOf(response)).toBe('Hello there.')],
  [
    'a message of parts',
    { input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: '!say Hello.' }] }] },
    (response) => expect(textOf(response)).toBe('Hello.'),
  ],
  [
    'a system prompt',
    {
      input: [
        { role: 'system', content: 'Talk like a pirate.' },
        { role: 'user', content: 'Hello' },
      ],
      instructions: 'Be brief.',
    },
    (response) => expect(response.instructions).toBe('Be brief.'),
  ],
  [
    'reasoning',
    { input: '!think Let me see.\n!say Yes.', reasoning: { effort: 'low' } },
    (response) => expect(response.output.map(({ type }) => type)).toEqual(['reasoning', 'message']),
  ],
  [
    'a tool',
    { input: '!call get_weather {"city":"Rome"}', tools: [WEATHER] },
    (response) => expect(response.output).toMatchObject([{ type: 'function_call', arguments: '{"city":"Rome"}' }]),
  ],
  [
    'a tool that is demanded',
    { input: 'The weather of Rome?', tools: [WEATHER], tool_choice: { type: 'function', name: 'get_weather' } },
    (response) => expect(response.output).toMatchObject([{ type: 'function_call', name: 'get_weather' }]),
  ],
  [
    'a tool, and its result',
    {
      input: [
        { role: 'user', content: 'The weather of Rome?' },
        { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{"city":"Rome"}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'sunny' },
      ],
      tools: [WEATHER],
    },
    (response) => expect(textOf(response)).toContain('sunny'),
  ],
  [
    "a tool of the server's",
    { input: '!call current_time {"time_zone":"UTC"}\n!then\n!say It is {result}.' },
    (response) => expect(response.output.map(({ type }) => type)).toEqual(['function_call', 'function_call_output', 'message']),
  ],
  [
    'a picture',
    {
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is this?' },
            { type: 'input_image', image_url: PIXEL, detail: 'auto' },
          ],
        },
      ],
    },
    (response) => expect(textOf(response)).toMatch(/1 (picture|file|image)/i),
  ],
  [
    'a file',
    {
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is this?' },
            { type: 'input_file', filename: 'a.pdf', file_data: PDF },
          ],
        },
      ],
    },
    (response) => expect(textOf(response)).toMatch(/1 (picture|file|image)/i),
  ],
  [
    'several turns',
    {
      input: [
        { role: 'user', content: 'One' },
        { role: 'assistant', content: 'Two' },
        { role: 'user', content: 'Three' },
      ],
    },
    (response) => expect(textOf(response)).toContain('3 messages'),
  ],
  [
    'JSON of a schema',
    {
      input: 'Describe Rome',
      text: {
        format: {
          type: 'json_schema',
          name: 'city',
          strict: true,
          schema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false },
        },
      },
    },
    (response) => expect(JSON.parse(textOf(response))).toHaveProperty('name'),
  ],
  ['an answer that was cut', { input: `!say ${'word '.repeat(100)}`, max_output_tokens: 16 }, (response) => expect(response.status).toBe('incomplete')],
  [
    'an answer that fails halfway',
    { input: '!say Half of an\n!fail ECONNRESET' },
    (response) => expect(response).toMatchObject({ status: 'failed', output: [{ status: 'incomplete' }] }),
  ],
  ['what is not stored', { input: '!say x', store: false }, (response) => expect(response.store).toBe(false)],
]

describe('by the Open Responses specification', () => {
  test.for(CASES)('%s is answered as a whole and as a stream', async ([, body, check]) => {
    for (const answer of [whole, streamed]) {
      const response = await answer(body)
      expect(response.model).toBe('talaria')
      check(response)
    }
  })

  test('a response continues another', async () => {
    const first = await whole({ input: 'My name is Ada.' })
    for (const answer of [whole, streamed]) {
      const second = await answer({ input: 'And?', previous_response_id: first.id })
      expect(second.previous_response_id).toBe(first.id)
      expect(textOf(second)).toContain('3 messages')
    }
  })

  test('what is stored is what the stream ended with, and what it is replayed with', async () => {
    const { frames } = await shared.gateway.api.stream('POST', '/v1/responses', {
      body: { input: '!think Hm.\n!say one\n!call current_time {"time_zone":"UTC"}\n!then\n!say two', stream: true },
    })
    const live = await Array.fromAsync(frames)
    const { response } = checkStream(live)
    expect((await shared.gateway.api.get(`/v1/responses/${response.id}`)).json).toEqual(response)
    const replay = await shared.gateway.api.stream('GET', `/v1/responses/${response.id}?stream=true`)
    expect(await Array.fromAsync(replay.frames)).toEqual(live)
  })

  test('a background response streams as queued, then in progress', async () => {
    const response = await streamed({ input: '!say x', background: true })
    expect(response).toMatchObject({ status: 'completed', background: true })
  })

  test('a stream that is silent for long is kept open by comments only', async () => {
    const { frames } = await shared.gateway.api.stream('POST', '/v1/responses', { body: { input: '!stream 2 chunks every 400ms', stream: true } })
    const all = await Array.fromAsync(frames)
    expect(all.filter(({ data }) => data === undefined).map(({ raw }) => raw)).toContain(': keep-alive')
    checkStream(all)
  })

  test('a stream says which response it is before the model has said a word', async () => {
    const { frames } = await shared.gateway.api.stream('POST', '/v1/responses', { body: { input: '!hang', background: true, stream: true } })
    const { value } = await frames.next()
    expect(value).toMatchObject({ event: 'response.created' })
    const { json } = await shared.gateway.api.post(`/v1/responses/${checkedId((value as SseFrame).data)}/cancel`, {})
    expect(json).toMatchObject({ status: 'cancelled' })
    await frames.return(undefined)
  })

  test('a stream that is broken off by a cancellation ends with response.failed and the status that says so', async () => {
    const { frames } = await shared.gateway.api.stream('POST', '/v1/responses', { body: { input: '!say begun\n!hang', background: true, stream: true } })
    const all = []
    for await (const frame of frames) {
      all.push(frame)
      if (frame.event === 'response.output_text.delta') void shared.gateway.api.post(`/v1/responses/${checkedId(all[0]!.data)}/cancel`, {})
    }
    expect(checkStream(all).response).toMatchObject({ status: 'cancelled', error: null })
  })
})

function checkedId(data: string | undefined): string {
  return (JSON.parse(data ?? '') as { response: { id: string } }).response.id
}
