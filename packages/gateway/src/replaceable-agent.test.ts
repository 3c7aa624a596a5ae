import type { Agent } from '@talaria/agent'
import { expect, test } from 'vitest'
import { ReplaceableAgent } from './replaceable-agent.ts'

/** Says its name twice, the second time when it is let. */
function named(name: string) {
  const go = Promise.withResolvers<void>()
  const agent = {
    isDisposed: false,
    go: go.resolve,
    async *run() {
      yield { type: 'text.delta' as const, text: name }
      await go.promise
      yield { type: 'text.delta' as const, text: agent.isDisposed ? 'disposed' : name }
    },
    models: () => [{ id: name, target: name, ownedBy: 'us' }],
    async [Symbol.asyncDispose]() {
      agent.isDisposed = true
    },
  }
  return agent
}

const begin = (agent: Agent) => agent.run({ turnId: 't', sessionId: 's', model: 'm', messages: [] }, new AbortController().signal)[Symbol.asyncIterator]()

test('a turn ends with the agent that it began with, which is disposed after the last of its turns', async () => {
  const [first, second] = [named('first'), named('second')]
  await using agent = new ReplaceableAgent(first)
  const turns = [begin(agent), begin(agent)]
  for (const turn of turns) await turn.next()
  await agent.replace(second)
  expect(agent.models()[0]?.id).toBe('second')
  expect((await begin(agent).next()).value).toMatchObject({ text: 'second' })
  first.go()
  expect((await turns[0]!.next()).value).toMatchObject({ text: 'first' })
  await turns[0]!.next()
  expect(first.isDisposed).toBe(false)
  await turns[1]!.next()
  await turns[1]!.return?.()
  expect([first.isDisposed, second.isDisposed]).toEqual([true, false])
})

test('one that answers nothing is disposed when it is replaced; the end disposes those that still answer', async () => {
  const [first, second, third] = [named('first'), named('second'), named('third')]
  const agent = new ReplaceableAgent(first)
  await agent.replace(second)
  expect(first.isDisposed).toBe(true)
  await begin(agent).next()
  await agent.replace(third)
  expect(second.isDisposed).toBe(false)
  await agent[Symbol.asyncDispose]()
  expect([second.isDisposed, third.isDisposed]).toEqual([true, true])
})
