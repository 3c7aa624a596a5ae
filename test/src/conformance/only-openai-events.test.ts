import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { useGateway } from '../testing/use-gateway.ts'
import { checkChatStream } from './check-chat-stream.ts'
import { checkStream } from './open-responses/check-stream.ts'

/** @see hermes-agent #100705, LibreChat #12919, opencode #38106: events of one's own break OpenAI's clients. */

const shared = useGateway()
const RUNS = process.env.TALARIA_TEST_FULL ? 1_000 : 25

const TOOL = {
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

const words = fc.stringMatching(/^[a-z]{1,8}( [a-zäß中🙂]{1,8}){0,4}$/u)
const line = fc.oneof(
  words.map((text) => `!say ${text}`),
  words.map((text) => `!think ${text}`),
  fc.tuple(fc.integer({ min: 1, max: 20 }), words).map(([count, text]) => `!stream ${count} chunks ${text} `),
  fc.constant('!call current_time {"time_zone":"UTC"}\n!then'),
  fc.constant('!call no_such_tool {}\n!then'),
  fc.constant('!pause 1ms'),
  fc.constant('!fail 503 times=1'),
)
const ending = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  fc.constant('!call get_weather {"city":"Rome"}'),
  fc.constant('!call get_weather {"city":"Rome"}\n!call current_time {"time_zone":"UTC"}\n!call get_weather {"city":"Oslo"}'),
  fc.constant('!fail ECONNRESET'),
  fc.constant('!fail 400'),
  fc.constantFrom('!finish length', '!finish content_filter'),
)
/** What a model may do, in any order: words, thoughts, tools of either side, pauses, failures, every way to end. */
const script = fc.tuple(fc.array(line, { minLength: 1, maxLength: 6 }), ending).map(([lines, last]) => [...lines, last].join('\n').trim())

describe('whatever a model does', { timeout: 30_000 + RUNS * 2_000 }, () => {
  test('a stream of responses keeps every rule, live and replayed, and the official helper takes it', async () => {
    await fc.assert(
      fc.asyncProperty(script, async (input) => {
        const body = { input, tools: [{ type: 'function', ...TOOL }], stream: true }
        const { frames } = await shared.gateway.api.stream('POST', '/v1/responses', { body })
        const live = await Array.fromAsync(frames)
        const { response } = checkStream(live)
        const replay = await shared.gateway.api.stream('GET', `/v1/responses/${response.id}?stream=true`)
        expect(await Array.fromAsync(replay.frames)).toEqual(live)
        const helped = await shared.openai().responses.stream({ response_id: response.id }).finalResponse()
        expect(helped.output.map(({ id, type }) => [id, type])).toEqual(response.output.map(({ id, type }) => [id, type]))
        expect(helped.status).toBe(response.status)
      }),
      { numRuns: RUNS },
    )
  })

  test('a stream of chat chunks keeps every rule, and the official helper takes it or raises what the stream says', async () => {
    await fc.assert(
      fc.asyncProperty(script, async (content) => {
        const request = { model: 'talaria', messages: [{ role: 'user' as const, content }], tools: [{ type: 'function' as const, function: TOOL }] }
        const { frames } = await shared.gateway.api.stream('POST', '/v1/chat/completions', {
          body: { ...request, stream: true, stream_options: { include_usage: true } },
        })
        const checked = checkChatStream(await Array.fromAsync(frames))
        const helped = shared.openai().chat.completions.stream(request).finalChatCompletion()
        if (checked.error !== undefined) {
          await expect(helped).rejects.toMatchObject({ code: checked.error })
          return
        }
        // The helper itself raises for answers that were cut.
        if (checked.finishReason !== 'stop' && checked.finishReason !== 'tool_calls') return void (await helped.catch(() => {}))
        const { message, finish_reason } = (await helped).choices[0]!
        expect({ text: message.content ?? '', finish_reason }).toEqual({ text: checked.text, finish_reason: checked.finishReason })
        expect(message.tool_calls?.length ?? 0).toBe(checked.calls.length)
      }),
      { numRuns: RUNS },
    )
  })
})

test('events of our own come when a client asks for them, beside the same chunks', async () => {
  const body = { messages: [{ role: 'user', content: '!call current_time {"time_zone":"UTC"}\n!then\n!say done' }], stream: true }
  const { frames } = await shared.gateway.api.stream('POST', '/v1/chat/completions', { body, headers: { 'X-Talaria-Events': 'extended' } })
  const all = await Array.fromAsync(frames)
  const ours = all.filter(({ event }) => event !== undefined)
  expect(ours.map(({ event }) => event)).toEqual(['talaria.tool.started', 'talaria.tool.progress', 'talaria.tool.finished'])
  expect(checkChatStream(all.filter((frame) => !ours.includes(frame)))).toMatchObject({ text: 'done', finishReason: 'stop' })
})
