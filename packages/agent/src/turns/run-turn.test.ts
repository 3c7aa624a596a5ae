import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog, systemClock } from '@talaria/core'
import { expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import type { AgentEvent, AgentRequest } from '../agent.ts'
import type { AgentSettingsInput } from '../agent-settings.ts'
import { createAgent } from '../create-agent.ts'
import { ask, requestOf, startFakeProvider, type FakeAnswer } from '../testing/index.ts'
import { defineTool } from '../tools/define-tool.ts'
import type { Tool } from '../tools/tool.ts'

const never = new Promise<never>(() => {})

const echo = defineTool({ name: 'echo', description: 'Says it again.', args: z.strictObject({ text: z.string() }), run: ({ text }) => `“${text}”` })
const broken = defineTool({ name: 'broken', description: 'Does not work.', args: z.object({}), run: () => Promise.reject(new Error('out of order')) })
const guarded = defineTool({ name: 'guarded', description: 'Asks first.', args: z.object({}), needsApproval: true, run: () => 'done' })

function agentOf({ tools = [echo, broken, guarded], ...settings }: AgentSettingsInput & { readonly tools?: readonly Tool[] } = {}) {
  return createAgent({ settings, tools, clock: systemClock, log: silentLog })
}

/** An agent on a real provider, for what a model that is not ours may do. */
async function providerAgent(answers: readonly FakeAnswer[], tools: readonly Tool[] = [echo]) {
  const provider = await startFakeProvider()
  provider.queue(...answers)
  const agent = createAgent({
    settings: { model: 'openai-compatible/m', providers: { 'openai-compatible': { baseUrl: provider.url } } },
    tools,
    clock: systemClock,
    log: silentLog,
  })
  onTestFinished(async () => {
    await agent[Symbol.asyncDispose]()
    await provider[Symbol.asyncDispose]()
  })
  return { provider, agent }
}

const CLIENT_TOOL = { name: 'look', parameters: { type: 'object', properties: {} } }
const saying = (content: string, more: Partial<AgentRequest> = {}): Partial<AgentRequest> => ({ messages: [{ role: 'user', content }], ...more })
const typesOf = (events: readonly AgentEvent[]) => events.map(({ type }) => type)

test('a turn without tools is text, usage and an end', async () => {
  const { events } = await ask(agentOf(), '!stream 2 chunks')
  expect(typesOf(events)).toEqual(['text.delta', 'text.delta', 'usage', 'finished'])
})

test("the server's tools run and the model goes on with their results", async () => {
  const { events, text } = await ask(agentOf(), '!call echo {"text":"hi"}\n!then\n!say got {result}')
  expect(typesOf(events)).toEqual(['tool.started', 'tool.progress', 'usage', 'tool.finished', 'text.delta', 'text.delta', 'usage', 'finished'])
  expect(text).toBe('got “hi”')
})

test('tools of one step run at the same time, and their results come in the order of the calls', async () => {
  let running = 0
  const { promise: both, resolve } = Promise.withResolvers<void>()
  const meet = (name: string) =>
    defineTool({
      name,
      description: 'Waits for the other.',
      args: z.object({}),
      async run() {
        if (++running === 2) resolve()
        await both
        return name
      },
    })
  const { text, of } = await ask(agentOf({ tools: [meet('one'), meet('two')] }), '!call two\n!call one\n!then\n!say {result}')
  expect(text).toBe('two\none')
  expect(of('tool.finished')).toHaveLength(2)
})

test('what a running tool says comes while it runs', async () => {
  const slow = defineTool({
    name: 'slow',
    description: 'Takes its time.',
    args: z.object({}),
    async run(_, { progress }) {
      progress('half way')
      await sleep(20)
      progress('nearly')
      return 'done'
    },
  })
  const { events } = await ask(agentOf({ tools: [slow] }), '!call slow')
  expect(events.filter((event) => event.type === 'tool.progress' && event.text)).toEqual([
    { type: 'tool.progress', id: 'call_1', text: 'half way' },
    { type: 'tool.progress', id: 'call_1', text: 'nearly' },
  ])
})

test('a tool that throws is a result for the model, not a failed turn', async () => {
  const { of, text, end } = await ask(agentOf(), '!call broken\n!then\n!say it said: {result}')
  expect(of('tool.finished')).toMatchObject([{ isError: true, output: 'out of order' }])
  expect([text, end?.type]).toEqual(['it said: out of order', 'finished'])
})

test('arguments that do not fit are a result that says what is wrong', async () => {
  const { of } = await ask(agentOf(), '!call echo {"words":1}')
  expect(of('tool.finished')).toMatchObject([{ isError: true, output: expect.stringMatching(/do not fit.*text/s) }])
})

test('arguments that are not JSON, and a tool that does not exist, are results too', async () => {
  const { agent, provider } = await providerAgent([
    {
      calls: [
        { id: 'a', name: 'echo', arguments: '{"text":' },
        { id: 'b', name: 'fly', arguments: '{}' },
      ],
    },
    { text: ['sorry'] },
  ])
  const { of, text } = await ask(agent, 'go')
  expect(of('tool.finished')).toMatchObject([
    { id: 'a', isError: true, output: expect.stringContaining('not valid JSON') },
    { id: 'b', isError: true, output: "There is no tool 'fly'. There are: echo." },
  ])
  expect(text).toBe('sorry')
  expect(provider.requests[1]?.body.messages.filter(({ role }: { role: string }) => role === 'tool')).toHaveLength(2)
})

test("a client's tool ends the turn", async () => {
  const { events, end } = await ask(agentOf(), saying('!call look', { clientTools: [CLIENT_TOOL] }))
  expect(typesOf(events)).toEqual(['tool.started', 'tool.progress', 'tool.finished', 'usage', 'finished'])
  expect(end).toEqual({ type: 'finished', reason: 'tool_calls' })
})

test("of a mix of calls the server's run, then the turn ends for the client's", async () => {
  const { of, end } = await ask(agentOf(), saying('!call look\n!call echo {"text":"hi"}\n!then\n!say never', { clientTools: [CLIENT_TOOL] }))
  expect(of('tool.finished')).toMatchObject([
    { name: 'look', runs: 'client' },
    { name: 'echo', runs: 'server', output: '“hi”' },
  ])
  expect([of('text.delta'), end]).toEqual([[], { type: 'finished', reason: 'tool_calls' }])
})

test("a client's tool hides a server tool of the same name", async () => {
  const { agent, provider } = await providerAgent([{ calls: [{ id: 'a', name: 'echo', arguments: '{}' }] }])
  const { of } = await ask(agent, saying('go', { clientTools: [{ ...CLIENT_TOOL, name: 'echo' }] }))
  expect(of('tool.finished')).toMatchObject([{ name: 'echo', runs: 'client' }])
  expect(provider.requests[0]?.body.tools).toHaveLength(1)
})

test('a client that demands a call is offered only its own tools', async () => {
  const { of } = await ask(agentOf(), saying('!call echo', { clientTools: [CLIENT_TOOL], toolChoice: 'required' }))
  expect(
    of('text.delta')
      .map(({ text }) => text)
      .join(''),
  ).toBe('I was offered no tool echo. I was offered: look.')
})

test('a demanded server tool is demanded once, so that the model can answer', async () => {
  const { of, end } = await ask(agentOf(), saying('please', { toolChoice: { name: 'echo' } }))
  expect(of('tool.finished')).toHaveLength(1)
  expect(end).toEqual({ type: 'finished', reason: 'stop' })
})

test('a model that calls tools for ever comes to an end after maxSteps', async () => {
  const { of, end } = await ask(agentOf({ maxSteps: 2 }), `${'!call echo {"text":"again"}\n!then\n'.repeat(5)}!say never`)
  expect([of('usage').length, of('tool.finished').length, end]).toEqual([2, 2, { type: 'finished', reason: 'length' }])
})

test('usage is summed over the steps', async () => {
  const { of } = await ask(agentOf(), '!call echo {"text":"a"}\n!then\n!say b')
  const [first, last] = of('usage')
  expect(last!.usage.inputTokens).toBeGreaterThan(2 * first!.usage.inputTokens)
  expect(last!.usage.outputTokens).toBe(first!.usage.outputTokens + 1)
})

test('the limit of output tokens holds for the turn, not for each step', async () => {
  const text = '!stream 4 chunks\n!call echo {"text":"x"}\n!then\n!stream 50 chunks'
  const { of, end } = await ask(agentOf(), saying(text, { sampling: { maxOutputTokens: 20 } }))
  expect(of('usage').at(-1)?.usage.outputTokens).toBe(20)
  expect(end).toEqual({ type: 'finished', reason: 'length' })
})

test('text that the user adds between steps is given to the model', async () => {
  const { provider, agent } = await providerAgent([{ calls: [{ id: 'a', name: 'echo', arguments: '{"text":"x"}' }] }, { text: ['ok'] }])
  const words = ['in French, please']
  const { events } = await ask(agent, saying('go', { steer: () => words.shift() }))
  expect(events.filter(({ type }) => type === 'steered')).toEqual([{ type: 'steered', text: 'in French, please' }])
  expect(provider.requests[1]?.body.messages.map(({ role }: { role: string }) => role)).toEqual(['user', 'assistant', 'tool', 'user'])
})

test('text that the user adds after the last step makes the turn go on', async () => {
  const words = ['!say second']
  const { text, events } = await ask(agentOf(), saying('!say first ', { steer: () => words.shift() }))
  expect(text).toBe('firstsecond')
  expect(typesOf(events).filter((type) => type !== 'text.delta')).toEqual(['usage', 'steered', 'usage', 'finished'])
})

test('text is not taken from the user when no step is left to use it', async () => {
  const steer = vi.fn<() => string>(() => 'more')
  await ask(agentOf({ maxSteps: 1 }), saying('!say a', { steer }))
  await ask(agentOf(), saying('!call look', { clientTools: [CLIENT_TOOL], steer }))
  expect(steer).not.toHaveBeenCalled()
})

test('a tool that needs it is asked for, and runs when allowed', async () => {
  const approve = vi.fn<NonNullable<AgentRequest['approve']>>(async () => 'allow')
  const { events, text } = await ask(agentOf(), saying('!call guarded\n!then\n!say {result}', { approve }))
  expect(typesOf(events).slice(2, 6)).toEqual(['usage', 'approval.requested', 'approval.answered', 'tool.finished'])
  expect(text).toBe('done')
  const [requested] = events.filter((event) => event.type === 'approval.requested')
  expect(approve).toHaveBeenCalledWith({ id: requested!.id, tool: 'guarded', arguments: '{}' }, expect.any(AbortSignal))
})

test.each([
  ['the answer is no', async () => 'deny' as const],
  ['nobody can be asked', undefined],
])('a tool that needs approval does not run when %s', async (_, approve) => {
  const run = vi.fn<Tool['run']>(() => 'done')
  const agent = agentOf({ tools: [{ ...guarded, run }] })
  const { of } = await ask(agent, saying('!call guarded', { ...(approve && { approve }) }))
  expect(of('approval.answered')).toMatchObject([{ choice: 'deny' }])
  expect(of('tool.finished')).toMatchObject([{ isError: true, output: 'The user did not allow this call.' }])
  expect(run).not.toHaveBeenCalled()
})

test('the model is told why a tool may not run that nobody was asked about', async () => {
  const { of } = await ask(agentOf(), saying('!call guarded', { approve: async () => ({ denied: 'Nobody is there.' }) }))
  expect(of('approval.answered')).toMatchObject([{ choice: 'deny' }])
  expect(of('tool.finished')).toMatchObject([{ isError: true, output: 'Nobody is there.' }])
})

test('with approvals set to always, every server tool asks', async () => {
  const { of } = await ask(agentOf({ approvals: 'always' }), saying('!call echo {"text":"x"}', { approve: async () => 'allow' }))
  expect(of('approval.requested')).toMatchObject([{ tool: 'echo' }])
})

test('approvals are asked one after the other; what needs none does not wait for them', async () => {
  let asking = 0
  let most = 0
  const approve = async () => {
    most = Math.max(most, ++asking)
    await sleep(20)
    asking -= 1
    return 'allow' as const
  }
  const { events } = await ask(agentOf(), saying('!call guarded\n!call guarded\n!call echo {"text":"x"}', { approve }))
  expect(most).toBe(1)
  const ends = events.filter((event) => event.type === 'tool.finished' || event.type === 'approval.answered')
  expect(ends[0]).toMatchObject({ type: 'tool.finished', name: 'echo' })
})

test('an approval that cannot be asked is a result for the model', async () => {
  const { of, end } = await ask(agentOf(), saying('!call guarded', { approve: () => Promise.reject(new Error('no chat to ask in')) }))
  expect(of('tool.finished')).toMatchObject([{ isError: true, output: 'no chat to ask in' }])
  expect(end?.type).toBe('finished')
})

test.each([
  ['while a tool runs that does not heed it', '!call stuck'],
  ['while an approval is waited for', '!call guarded'],
  ['while the model is silent', '!hang'],
  ['while the model streams', '!stream 1000 chunks every 5ms'],
])('stopping a turn %s throws the reason at once', async (_, text) => {
  const stuck: Tool = { name: 'stuck', description: '', parameters: {}, run: () => never }
  const agent = agentOf({ tools: [stuck, guarded] })
  const controller = new AbortController()
  const turn = ask(agent, saying(text, { approve: () => never }), controller.signal)
  await sleep(20)
  const reason = new Error('enough')
  const stoppedAt = performance.now()
  controller.abort(reason)
  await expect(turn).rejects.toBe(reason)
  expect(performance.now() - stoppedAt).toBeLessThan(2_000)
})

test('a turn that is stopped before it begins does nothing', async () => {
  const reason = new Error('enough')
  await expect(ask(agentOf(), '!say a', AbortSignal.abort(reason))).rejects.toBe(reason)
})

test('a tool is told when the turn is stopped, and when its reader leaves', async () => {
  for (const leave of ['stop', 'return'] as const) {
    const { promise: told, resolve } = Promise.withResolvers<void>()
    const patient: Tool = {
      name: 'patient',
      description: '',
      parameters: {},
      run(_, { signal, progress }) {
        signal.addEventListener('abort', () => resolve())
        progress('waiting')
        return never
      },
    }
    const controller = new AbortController()
    const events = agentOf({ tools: [patient] }).run(requestOf('!call patient'), controller.signal)
    const reading = (async () => {
      for await (const event of events) {
        if (event.type !== 'tool.progress' || !event.text) continue
        if (leave === 'return') break
        controller.abort(new Error('enough'))
      }
    })()
    await reading.catch(() => {})
    await expect(told).resolves.toBeUndefined()
  }
})

test('a turn leaves no listener on its signal, however it ends', async () => {
  const controller = new AbortController()
  const { signal } = controller
  const added = vi.spyOn(signal, 'addEventListener')
  const removed = vi.spyOn(signal, 'removeEventListener')
  const agent = agentOf({ maxAttempts: 1 })
  for (const text of ['!stream 3', '!call echo {"text":"x"}\n!then\n!pause 1ms\n!say b', '!say a\n!fail 500', '!fail 500', '!call guarded'])
    await ask(agent, saying(text, { approve: async () => 'allow' }), signal)
  for await (const _ of agent.run(requestOf('!stream 100'), signal)) break
  const listeners = new Set(added.mock.calls.map(([, listener]) => listener))
  for (const [, listener] of removed.mock.calls) listeners.delete(listener)
  expect(added.mock.calls.length).toBeGreaterThan(6)
  expect([...listeners]).toEqual([])
})

test('content that cannot be sent fails the turn with a sentence', async () => {
  const { end } = await ask(agentOf(), { messages: [{ role: 'user', content: [{ type: 'image', url: 'file:///etc/passwd' }] }] })
  expect(end).toEqual({ type: 'failed', failure: 'fatal', code: 'invalid_content', message: expect.stringContaining('neither http(s) nor data:') })
})

test('a mistake of our own fails the turn with an id and no detail', async () => {
  const { end } = await ask(
    agentOf(),
    saying('!say a', {
      steer: () => {
        throw new TypeError('internal secret')
      },
    }),
  )
  expect(end).toMatchObject({ type: 'failed', failure: 'fatal', code: 'agent_failed', message: expect.stringMatching(/\(err_[0-9a-f]{32}\)/) })
})
