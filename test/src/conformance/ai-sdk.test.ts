import { createOpenResponses } from '@ai-sdk/open-responses'
import { createOpenAI } from '@ai-sdk/openai'
import { generateText, Output, stepCountIs, streamText, tool, type LanguageModel } from 'ai'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { useGateway } from '../testing/use-gateway.ts'

const shared = useGateway()

const openai = () => createOpenAI({ baseURL: `${shared.gateway.url}/v1`, apiKey: shared.gateway.key })
const openResponses = () => createOpenResponses({ name: 'talaria', url: `${shared.gateway.url}/v1/responses`, apiKey: shared.gateway.key })

/** The three ways in which the AI SDK speaks to a server like this one. */
const MODELS: readonly [string, () => LanguageModel][] = [
  ['@ai-sdk/openai over responses', () => openai()('talaria')],
  ['@ai-sdk/openai over chat completions', () => openai().chat('talaria')],
  ['@ai-sdk/open-responses', () => openResponses()('talaria')],
]

const TOOLS = {
  get_weather: tool({
    description: 'The weather of a city',
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }) => Promise.resolve(`fine in ${city}`),
  }),
}
const TWO_CALLS = '!call get_weather {"city":"Rome"}\n!then\n!call get_weather {"city":"Oslo"}\n!then\n!say It is {result}.'

describe.for(MODELS)('%s', ([, model]) => {
  test('answers as a whole', async () => {
    const { text, finishReason, usage } = await generateText({ model: model(), prompt: '!say Good morning.', maxRetries: 0 })
    expect({ text, finishReason }).toEqual({ text: 'Good morning.', finishReason: 'stop' })
    expect(usage.outputTokens).toBeGreaterThan(0)
  })

  test('streams text in deltas', async () => {
    const errors: unknown[] = []
    const stream = streamText({ model: model(), prompt: '!stream 5 chunks every 2ms word{n} ', maxRetries: 0, onError: ({ error }) => void errors.push(error) })
    const deltas = await Array.fromAsync(stream.textStream)
    expect(deltas.join('').trim()).toBe('word1 word2 word3 word4 word5')
    expect(deltas.length).toBeGreaterThan(1)
    expect(await stream.finishReason).toBe('stop')
    expect(errors).toEqual([])
  })

  test('runs tools step by step, whole and streamed', async () => {
    const whole = await generateText({ model: model(), prompt: TWO_CALLS, tools: TOOLS, stopWhen: stepCountIs(5), maxRetries: 0 })
    expect(whole.text).toBe('It is fine in Oslo.')
    expect(whole.steps).toHaveLength(3)
    const streamed = streamText({ model: model(), prompt: TWO_CALLS, tools: TOOLS, stopWhen: stepCountIs(5), maxRetries: 0 })
    expect(await streamed.text).toBe('It is fine in Oslo.')
    expect((await streamed.steps).flatMap((step) => step.toolCalls.map((call) => call.input))).toEqual([{ city: 'Rome' }, { city: 'Oslo' }])
  })

  test('says what is wrong in an error with the code of the answer', async () => {
    const { text } = await generateText({ model: model(), prompt: '!say before', maxRetries: 0 })
    expect(text).toBe('before')
    const failing = generateText({ model: model(), prompt: '!fail 503', maxRetries: 0 })
    await expect(failing).rejects.toMatchObject({ statusCode: 502, responseBody: expect.stringContaining('agent_failed') })
  })
})

describe('@ai-sdk/openai', () => {
  test.for(MODELS.slice(0, 2))('gets a structured answer: %s', async ([, model]) => {
    const City = z.object({ name: z.string(), people: z.int() })
    const { output } = await generateText({ model: model(), prompt: 'Describe Rome', output: Output.object({ schema: City }), maxRetries: 0 })
    expect(City.parse(output)).toBeDefined()
  })

  test('continues a stored response by its id', async () => {
    const first = await generateText({ model: openai()('talaria'), prompt: 'My name is Ada.', maxRetries: 0 })
    const { responseId } = first.providerMetadata!['openai'] as { responseId: string }
    const second = await generateText({
      model: openai()('talaria'),
      prompt: 'And?',
      providerOptions: { openai: { previousResponseId: responseId } },
      maxRetries: 0,
    })
    expect(second.text).toMatch(/3 messages/)
  })

  test('gets reasoning apart from text', async () => {
    const { reasoningText, text } = await generateText({ model: openai()('talaria'), prompt: '!think Hm, well.\n!say Yes.', maxRetries: 0 })
    expect({ reasoningText, text }).toEqual({ reasoningText: 'Hm, well.', text: 'Yes.' })
  })
})
