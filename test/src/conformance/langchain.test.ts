import { AIMessage, HumanMessage, SystemMessage, ToolMessage, type AIMessageChunk, type BaseMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { useGateway } from '../testing/use-gateway.ts'

const shared = useGateway()

const weather = tool(({ city }: { city: string }) => `fine in ${city}`, {
  name: 'get_weather',
  description: 'The weather of a city',
  schema: z.object({ city: z.string() }),
})
const ASK = new HumanMessage('!call get_weather {"city":"Rome"}\n!then\n!say It is {result}.')

describe.for([
  ['chat completions', false],
  ['responses', true],
] as const)('@langchain/openai over %s', ([, useResponsesApi]) => {
  const model = () =>
    new ChatOpenAI({ model: 'talaria', apiKey: shared.gateway.key, configuration: { baseURL: `${shared.gateway.url}/v1` }, useResponsesApi, maxRetries: 0 })

  test('answers a conversation', async () => {
    const answer = await model().invoke([new SystemMessage('Be brief.'), new HumanMessage('!say Good morning.')])
    expect(answer.text).toBe('Good morning.')
    expect(answer.usage_metadata).toMatchObject({ output_tokens: expect.any(Number) })
  })

  test('streams it', async () => {
    const chunks = await Array.fromAsync(await model().stream('!stream 5 chunks every 2ms word{n} '))
    expect(
      chunks
        .map((chunk) => chunk.text)
        .join('')
        .trim(),
    ).toBe('word1 word2 word3 word4 word5')
    expect(chunks.length).toBeGreaterThan(4)
  })

  test('has its tools called, whole and streamed, and takes up their results', async () => {
    const bound = model().bindTools([weather])
    const called = await bound.invoke([ASK])
    expect(called.tool_calls).toMatchObject([{ name: 'get_weather', args: { city: 'Rome' } }])
    const streamed = await whole(await bound.stream([ASK]))
    expect(streamed.tool_calls).toMatchObject([{ name: 'get_weather', args: { city: 'Rome' } }])

    const result: ToolMessage = await weather.invoke(called.tool_calls![0]!)
    const messages: BaseMessage[] = [ASK, new AIMessage({ content: called.content, tool_calls: called.tool_calls! }), result]
    expect((await bound.invoke(messages)).text).toBe('It is fine in Rome.')
  })

  test('gets a structured answer', async () => {
    const City = z.object({ name: z.string(), people: z.int() })
    const parsed = await model().withStructuredOutput(City, { name: 'city', method: 'jsonSchema' }).invoke('Describe Rome')
    expect(City.parse(parsed)).toBeDefined()
  })
})

/** A streamed message put together. */
async function whole(stream: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  const chunks = await Array.fromAsync(stream)
  return chunks.slice(1).reduce((sum, chunk) => sum.concat(chunk), chunks[0]!)
}
