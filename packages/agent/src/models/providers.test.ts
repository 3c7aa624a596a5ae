import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { silentLog, systemClock } from '@talaria/core'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { AgentRequest } from '../agent.ts'
import { createAgent } from '../create-agent.ts'
import { ask, startFakeProvider } from '../testing/index.ts'

const MODELS = ['openai/gpt-5', 'anthropic/claude-sonnet-4-5', 'openai-compatible/qwen3'] as const

async function parts(model: string, instructions?: string) {
  const provider = await startFakeProvider()
  const account = { apiKey: 'sk-0123456789', baseUrl: provider.url }
  const agent = createAgent({
    settings: { model, ...(instructions && { instructions }), providers: { openai: account, anthropic: account, 'openai-compatible': account } },
    clock: systemClock,
    log: silentLog,
  })
  onTestFinished(async () => {
    await agent[Symbol.asyncDispose]()
    await provider[Symbol.asyncDispose]()
  })
  return { provider, agent }
}

const SEE: Partial<AgentRequest> = {
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'look' },
        { type: 'image', url: 'data:image/png;base64,iVBORw0KGgo=' },
        { type: 'file', url: 'data:text/csv;base64,YSxi', filename: 't.csv' },
        { type: 'file', url: 'data:application/pdf;base64,JVBERi0=', filename: 'd.pdf' },
      ],
    },
  ],
}

test.each(MODELS)('%s streams text and counts tokens', async (model) => {
  const { provider, agent } = await parts(model)
  provider.queue({ text: ['Hel', 'lo'], usage: { input: 12, output: 3 } })
  const { of, end } = await ask(agent, 'hi')
  expect(of('text.delta').map(({ text }) => text)).toEqual(['Hel', 'lo'])
  expect(of('usage').at(-1)?.usage).toMatchObject({ inputTokens: 12, outputTokens: 3 })
  expect(end).toEqual({ type: 'finished', reason: 'stop' })
})

test.each(MODELS)("%s has a tool of the server's run and goes on with its result", async (model) => {
  const { provider, agent } = await parts(model, 'Be brief.')
  provider.queue(
    { text: ['Let me see. '], calls: [{ id: 'call_9', name: 'current_time', arguments: '{"time_zone":"UTC"}' }], usage: { input: 10, output: 4 } },
    { text: ['Late.'], usage: { input: 20, output: 2 } },
  )
  const { of, text, end } = await ask(agent, 'What time is it?')
  expect(text).toBe('Let me see. Late.')
  expect(of('tool.finished')).toMatchObject([{ id: 'call_9', runs: 'server', output: expect.stringContaining('(UTC)') }])
  expect(of('usage').at(-1)?.usage).toMatchObject({ inputTokens: 30, outputTokens: 6 })
  expect(end).toEqual({ type: 'finished', reason: 'stop' })
  const second = JSON.stringify(provider.requests[1]?.body)
  for (const words of ['Be brief.', 'What time is it?', 'call_9', '(UTC)']) expect(second).toContain(words)
})

test.each(MODELS)("%s hands a client's tool to the client", async (model) => {
  const { provider, agent } = await parts(model)
  provider.queue({ calls: [{ id: 'call_1', name: 'look', arguments: '{"at":"sky"}' }] })
  const { of, end } = await ask(agent, {
    messages: [{ role: 'user', content: 'look up' }],
    clientTools: [{ name: 'look', parameters: { type: 'object', properties: { at: { type: 'string' } } } }],
    toolChoice: { name: 'look' },
  })
  expect(of('tool.finished')).toEqual([{ type: 'tool.finished', id: 'call_1', name: 'look', arguments: '{"at":"sky"}', runs: 'client' }])
  expect(end).toEqual({ type: 'finished', reason: 'tool_calls' })
})

test.each(MODELS)('%s is given pictures, documents and text files', async (model) => {
  const { provider, agent } = await parts(model)
  expect((await ask(agent, SEE)).end?.type).toBe('finished')
  const body = JSON.stringify(provider.requests[0]?.body)
  for (const words of ['iVBORw0KGgo=', 'JVBERi0=', 'File t.csv:\\na,b']) expect(body).toContain(words)
})

test.each(MODELS)('%s is given the sampling of the request', async (model) => {
  const { provider, agent } = await parts(model)
  await ask(agent, {
    messages: [{ role: 'user', content: 'hi' }],
    sampling: {
      maxOutputTokens: 77,
      responseFormat: { type: 'json', name: 'answer', schema: { type: 'object', properties: {}, additionalProperties: false } },
    },
  })
  const body = JSON.stringify(provider.requests[0]?.body)
  expect(body).toMatch(/"(max_tokens|max_output_tokens)":77/)
  expect(body).toContain('json_schema')
})

test.each(MODELS)('%s ends with length when it ran out of tokens', async (model) => {
  const { provider, agent } = await parts(model)
  provider.queue({ text: ['and so'], finish: 'length' })
  expect((await ask(agent, 'hi')).end).toEqual({ type: 'finished', reason: 'length' })
})

test('reasoning goes back to the provider with its signature, within the turn', async () => {
  const { provider, agent } = await parts('anthropic/claude-sonnet-4-5')
  provider.queue({ reasoning: 'hm', calls: [{ id: 'c', name: 'current_time', arguments: '{}' }] })
  expect((await ask(agent, 'hi')).of('reasoning.delta')).toEqual([{ type: 'reasoning.delta', text: 'hm' }])
  expect(provider.requests[1]?.body.messages[1].content[0]).toEqual({ type: 'thinking', thinking: 'hm', signature: 'signed' })
})

test('OpenAI is asked not to keep the conversation', async () => {
  const { provider, agent } = await parts('openai/gpt-5')
  await ask(agent, 'hi')
  expect(provider.requests[0]?.body.store).toBe(false)
})

test('a server without a key is asked without one', async () => {
  const provider = await startFakeProvider()
  const agent = createAgent({
    settings: { model: 'openai-compatible/m', providers: { 'openai-compatible': { baseUrl: provider.url } } },
    clock: systemClock,
    log: silentLog,
  })
  await ask(agent, 'hi')
  expect(provider.requests[0]?.headers['authorization']).toBeUndefined()
  await agent[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

test('the environment is not looked into', async () => {
  vi.stubEnv('OPENAI_API_KEY', 'sk-from-the-environment')
  vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:9/from-the-environment')
  vi.stubEnv('ANTHROPIC_BASE_URL', 'http://127.0.0.1:9/from-the-environment')
  onTestFinished(() => void vi.unstubAllEnvs())
  const asked: string[] = []
  const fetch = async (input: string | URL | Request) => {
    asked.push(input instanceof Request ? input.url : input.toString())
    return new Response('{}', { status: 400 })
  }
  const agentOf = (model: string, apiKey?: string) =>
    createAgent({ settings: { model, providers: { openai: { apiKey }, anthropic: { apiKey } } }, clock: systemClock, log: silentLog, fetch })
  expect((await ask(agentOf('openai/gpt-5'), 'hi')).end).toMatchObject({ code: 'model_not_configured' })
  await ask(agentOf('openai/gpt-5', 'sk-0123456789'), 'hi')
  await ask(agentOf('anthropic/claude-sonnet-4-5', 'sk-0123456789'), 'hi')
  expect(asked).toEqual(['https://api.openai.com/v1/responses', 'https://api.anthropic.com/v1/messages'])
})

test("a provider's package is loaded only when one of its models is asked", async () => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = new Set()
    registerHooks({ resolve(name, context, next) { const found = next(name, context); const sdk = found.url.match(/@ai-sdk\\/(openai-compatible|openai|anthropic)\\//); if (sdk) loaded.add(sdk[1]); return found } })
    const { createAgent } = await import('${new URL('../index.ts', import.meta.url).href}')
    const { systemClock, silentLog } = await import('@talaria/core')
    const agent = createAgent({ settings: { aliases: { a: 'openai-compatible/m' }, providers: { 'openai-compatible': { baseUrl: 'http://127.0.0.1:9' } }, maxAttempts: 1 }, clock: systemClock, log: silentLog })
    const run = async (model) => { for await (const _ of agent.run({ turnId: 't', sessionId: 's', model, messages: [{ role: 'user', content: 'hi' }] }, new AbortController().signal)); return [...loaded] }
    console.log(JSON.stringify([await run('scripted'), await run('a')]))
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  })
  expect(JSON.parse(stdout)).toEqual([[], ['openai-compatible']])
})
