import { createId } from '@talaria/core'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openTestTurns } from '../../test/open-test-turns.ts'
import { echo, TestAgent } from '../../test/test-agent.ts'

checkForLeaks()

test('what nobody was asked, such as the messages of a fork, keeps its place', async () => {
  await using t = await openTestTurns({ agent: new TestAgent({ play: echo }) })
  await t.stores.sessions.create({ id: 'old', owner: 'root', source: 'api' })
  await t.stores.sessions.append('old', { all: true }, [
    { id: createId('msg'), role: 'user', content: 'one' },
    { id: createId('msg'), role: 'assistant', content: 'two' },
  ])
  await (
    await t.begin('three', { sessionId: 'old' })
  ).settled
  await (
    await t.begin('four', { sessionId: 'old' })
  ).settled
  expect(t.agent.runs[1]!.request.messages.map(({ content }) => content)).toEqual(['one', 'two', 'three', 'You said: three', 'four'])
})

test('of a very long session the agent is given the end, and that begins with a question', async () => {
  await using t = await openTestTurns({ agent: new TestAgent({ play: echo }) })
  await t.stores.sessions.create({ id: 'long', owner: 'root', source: 'api' })
  for (let page = 0; page < 11; page++) {
    const call = { id: 'call', name: 'look', arguments: '{}' }
    const exchange = (n: number) => [
      { id: createId('msg'), role: 'user', content: `question ${page}.${n}` } as const,
      { id: createId('msg'), role: 'assistant', content: '', toolCalls: [call] } as const,
      { id: createId('msg'), role: 'tool', content: 'seen', toolCallId: 'call' } as const,
    ]
    await t.stores.sessions.append('long', { all: true }, Array.from({ length: 34 }, (_, n) => exchange(n)).flat())
  }
  // An odd number of messages, so that the window does not happen to begin with a question.
  await t.stores.sessions.append('long', { all: true }, [
    { id: createId('msg'), role: 'user', content: 'last' },
    { id: createId('msg'), role: 'assistant', content: 'answer' },
  ])
  await (
    await t.begin('and now?', { sessionId: 'long' })
  ).settled
  const { messages } = t.agent.runs[0]!.request
  expect(messages.length).toBeGreaterThan(990)
  expect(messages.length).toBeLessThanOrEqual(1_000)
  expect(messages[0]).toMatchObject({ role: 'user' })
})

test('pictures, calls and results are given to the agent as they were said', async () => {
  await using t = await openTestTurns({ agent: new TestAgent({ play: echo }) })
  const parts = [
    { type: 'text', text: 'Look' },
    { type: 'image', url: 'https://example.org/a.png' },
  ]
  const call = { id: 'call_1', name: 'look', arguments: '{"at":1}' }
  await t.stores.sessions.create({ id: 'old', owner: 'root', source: 'api' })
  await t.stores.sessions.append('old', { all: true }, [
    { id: createId('msg'), role: 'user', content: 'Look', parts },
    { id: createId('msg'), role: 'assistant', content: '', toolCalls: [call] },
    { id: createId('msg'), role: 'tool', content: 'a cat', toolCallId: 'call_1', toolName: 'look' },
  ])
  await (
    await t.begin('and?', { sessionId: 'old' })
  ).settled
  expect(t.agent.runs[0]!.request.messages).toEqual([
    { role: 'user', content: parts },
    { role: 'assistant', content: '', toolCalls: [call] },
    { role: 'tool', content: 'a cat', toolCallId: 'call_1', toolName: 'look' },
    { role: 'user', content: 'and?' },
  ])
})
