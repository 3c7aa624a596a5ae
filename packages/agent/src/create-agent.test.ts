import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog, systemClock } from '@talaria/core'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createAgent } from './create-agent.ts'
import { ask, requestOf, startFakeProvider } from './testing/index.ts'

async function parts() {
  const provider = await startFakeProvider()
  const agent = createAgent({
    settings: {
      model: 'openai-compatible/m',
      maxAttempts: 1,
      aliases: { claude: 'anthropic/claude-sonnet-4-5' },
      providers: { 'openai-compatible': { baseUrl: provider.url }, anthropic: { baseUrl: provider.url, apiKey: 'sk-0123456789' } },
    },
    clock: systemClock,
    log: silentLog,
  })
  onTestFinished(async () => {
    await agent[Symbol.asyncDispose]()
    await provider[Symbol.asyncDispose]()
  })
  return { provider, agent }
}

test('an agent that was made but not asked has connected to nothing', async () => {
  const { provider } = await parts()
  await sleep(20)
  expect(provider.connections).toBe(0)
})

test('turns one after the other use one connection, and disposing leaves none', async () => {
  const { provider, agent } = await parts()
  for (let i = 0; i < 10; i++) await ask(agent, 'hi')
  expect(provider.connections).toBe(1)
  await agent[Symbol.asyncDispose]()
  await vi.waitFor(() => expect(provider.openConnections).toBe(0))
})

test('a connection is kept although its body ends a little after the answer', async () => {
  const { provider, agent } = await parts()
  for (let i = 0; i < 3; i++) {
    provider.queue({ text: ['a'], endDelayMs: 30 })
    await ask(agent, { model: 'claude', messages: [{ role: 'user', content: 'hi' }] })
  }
  expect(provider.connections).toBe(1)
})

test('a body that does not end after its answer is given up, and the turn ends all the same', async () => {
  const { provider, agent } = await parts()
  provider.queue({ text: ['a'], endDelayMs: 60_000 })
  expect((await ask(agent, { model: 'claude', messages: [{ role: 'user', content: 'hi' }] })).end).toEqual({ type: 'finished', reason: 'stop' })
  await vi.waitFor(() => expect(provider.openConnections).toBe(0))
})

test.each(['openai-compatible/m', 'claude'])('a turn of %s that is stopped, left or broken in the middle leaves no connection', async (model) => {
  const { provider, agent } = await parts()
  const stalled = { text: ['a', 'b', 'c'], stallAfter: 4 }
  const request = requestOf({ model, messages: [{ role: 'user', content: 'hi' }] })

  provider.queue(stalled)
  const controller = new AbortController()
  const stopped = ask(agent, request, controller.signal)
  await vi.waitFor(() => expect(provider.openConnections).toBe(1))
  await sleep(30)
  controller.abort(new Error('enough'))
  await expect(stopped).rejects.toThrow('enough')
  await vi.waitFor(() => expect(provider.openConnections).toBe(0))

  provider.queue(stalled)
  for await (const event of agent.run(request, new AbortController().signal)) if (event.type === 'text.delta') break
  await vi.waitFor(() => expect(provider.openConnections).toBe(0))

  provider.queue({ text: ['a', 'b'], malformedAfter: 3 })
  expect((await ask(agent, request)).end?.type).toBe('failed')
  await vi.waitFor(() => expect(provider.openConnections).toBe(0))
})

test('a hundred failed turns leave at most the connection of one', async () => {
  const { provider, agent } = await parts()
  const troubles = [{ status: 500 }, { status: 400 }, { text: ['a'], dropAfter: 2 }, { text: ['a'], malformedAfter: 1 }]
  for (let i = 0; i < 100; i++) {
    provider.queue(troubles[i % troubles.length]!)
    expect((await ask(agent, 'hi')).end?.type).toBe('failed')
  }
  await vi.waitFor(() => expect(provider.openConnections).toBeLessThanOrEqual(1))
})

test('a turn after disposal fails with a sentence', async () => {
  const { agent } = await parts()
  await agent[Symbol.asyncDispose]()
  expect((await ask(agent, 'hi')).end).toMatchObject({ failure: 'fatal', code: 'agent_closed' })
})

test('by default the agent can tell the time', async () => {
  const agent = createAgent({ settings: {}, clock: systemClock, log: silentLog })
  expect((await ask(agent, '!call current_time')).of('tool.finished')).toMatchObject([{ name: 'current_time', runs: 'server' }])
})

test('models() lists the default first', async () => {
  const { agent } = await parts()
  expect(agent.models().map(({ id }) => id)).toEqual(['openai-compatible/m', 'claude'])
})
