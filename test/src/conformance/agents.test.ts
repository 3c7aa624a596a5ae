import { Agent, OpenAIChatCompletionsModel, OpenAIConversationsSession, OpenAIResponsesModel, Runner, tool, type Model } from '@openai/agents'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { useGateway } from '../testing/use-gateway.ts'

const shared = useGateway()
// Its traces would go to a service on the internet.
const runner = () => new Runner({ tracingDisabled: true })

const MODELS: readonly [string, () => Model][] = [
  ['responses', () => new OpenAIResponsesModel(shared.openai(), 'talaria')],
  ['chat completions', () => new OpenAIChatCompletionsModel(shared.openai(), 'talaria')],
]

const weather = tool({
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => Promise.resolve(`fine in ${city}`),
})
const ONE_CALL = '!call get_weather {"city":"Rome"}\n!then\n!say It is {result}.'

describe.for(MODELS)('@openai/agents over %s', ([, model]) => {
  const agent = () => new Agent({ name: 'Tester', instructions: 'Be brief.', model: model(), tools: [weather] })

  test('goes through a tool to its answer', async () => {
    const result = await runner().run(agent(), ONE_CALL)
    expect(result.finalOutput).toBe('It is fine in Rome.')
    expect(result.newItems.map(({ type }) => type)).toEqual(['tool_call_item', 'tool_call_output_item', 'message_output_item'])
  })

  test('does the same streamed', async () => {
    const result = await runner().run(agent(), ONE_CALL, { stream: true })
    let text = ''
    for await (const chunk of result.toTextStream()) text += chunk
    await result.completed
    expect(text).toBe('It is fine in Rome.')
    expect(result.finalOutput).toBe('It is fine in Rome.')
  })

  test('takes up its own history', async () => {
    const first = await runner().run(agent(), 'My name is Ada.')
    const second = await runner().run(agent(), [...first.history, { role: 'user', content: 'And?' }])
    expect(second.finalOutput).toMatch(/messages/)
  })
})

test('a session of the agents keeps its items in a conversation here', async () => {
  const session = new OpenAIConversationsSession({ client: shared.openai() })
  const agent = new Agent({ name: 'Tester', instructions: 'Be brief.', model: new OpenAIResponsesModel(shared.openai(), 'talaria'), tools: [weather] })
  await runner().run(agent, ONE_CALL, { session })
  await runner().run(agent, 'And now?', { session })
  const items = await session.getItems()
  expect(items.map((item) => ('role' in item ? item.role : item.type))).toEqual([
    'user',
    'function_call',
    'function_call_result',
    'assistant',
    'user',
    'assistant',
  ])

  const popped = await session.popItem()
  expect(popped).toMatchObject({ role: 'assistant' })
  expect(await session.getItems()).toHaveLength(items.length - 1)
  const id = await session.getSessionId()
  await session.clearSession()
  await expect(shared.openai().conversations.retrieve(id)).rejects.toMatchObject({ status: 404 })
})
