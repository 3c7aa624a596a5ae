import { setTimeout as sleep } from 'node:timers/promises'
import { createLog, silentLog, systemClock, type Clock, type Log } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { AgentSettingsInput } from '../agent-settings.ts'
import { createAgent } from '../create-agent.ts'
import { ask, startFakeProvider, type Asked } from '../testing/index.ts'

const KEY = 'very-secret-key-of-ours'

async function parts(settings: AgentSettingsInput = {}, clock: Clock = systemClock, log: Log = silentLog) {
  const provider = await startFakeProvider()
  const agent = createAgent({
    settings: {
      model: 'openai-compatible/m',
      providers: { 'openai-compatible': { baseUrl: provider.url, apiKey: KEY }, openai: { baseUrl: provider.url } },
      ...settings,
    },
    clock,
    log,
  })
  onTestFinished(async () => {
    await agent[Symbol.asyncDispose]()
    await provider[Symbol.asyncDispose]()
  })
  return { provider, agent }
}

/** With a clock that tests own, patience costs nothing; deadlines are out of the way. */
async function patientParts(settings: AgentSettingsInput = {}) {
  const clock = new FakeClock()
  const timeouts = { connectMs: 1e9, firstTokenMs: 1e9, idleMs: 1e9 }
  return { clock, ...(await parts({ timeouts, ...settings }, clock)) }
}

/** Lets time pass until the turn is over. */
async function hurry(clock: FakeClock, turn: Promise<Asked>): Promise<Asked> {
  let isOver = false
  const over = turn.finally(() => (isOver = true))
  while (!isOver) {
    await clock.advance(500)
    await sleep(1)
  }
  return over
}

test.each([408, 409, 429, 500, 502, 503, 529])('a status of %i is tried again, and the answer is then given as if nothing had been', async (status) => {
  const { provider, agent, clock } = await patientParts()
  provider.queue({ status }, { text: ['hello'] })
  const { text, end } = await hurry(clock, ask(agent, 'hi'))
  expect([text, end?.type, provider.requests.length]).toEqual(['hello', 'finished', 2])
})

test.each([
  [400, 'fatal', 'model_refused_request'],
  [413, 'fatal', 'context_too_long'],
  [422, 'fatal', 'model_refused_request'],
  [401, 'misconfigured', 'model_key_refused'],
  [404, 'misconfigured', 'model_not_found'],
  [301, 'misconfigured', 'model_moved'],
])('a status of %i is not tried again', async (status, failure, code) => {
  const { provider, agent } = await parts()
  provider.queue({ status, error: { message: 'said the server' } })
  expect((await ask(agent, 'hi')).end).toMatchObject({ type: 'failed', failure, code })
  expect(provider.requests).toHaveLength(1)
})

test('an exhausted quota is not waited for, although its status is that of a busy server', async () => {
  const { provider, agent } = await parts()
  provider.queue({ status: 429, error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } })
  expect((await ask(agent, 'hi')).end).toMatchObject({ failure: 'misconfigured', code: 'model_quota_exhausted' })
  expect(provider.requests).toHaveLength(1)
})

test('a model is asked maxAttempts times and no more', async () => {
  const { provider, agent, clock } = await patientParts({ maxAttempts: 4 })
  provider.queue(...Array.from({ length: 9 }, () => ({ status: 503 })))
  expect((await hurry(clock, ask(agent, 'hi'))).end).toMatchObject({ type: 'failed', failure: 'retryable', code: 'model_unavailable' })
  expect(provider.requests).toHaveLength(4)
})

test('the server is left alone for as long as retry-after says', async () => {
  const { provider, agent, clock } = await patientParts()
  provider.queue({ status: 429, headers: { 'retry-after': '30' } }, { text: ['at last'] })
  const delay = vi.spyOn(clock, 'delay')
  const turn = ask(agent, 'hi')
  await vi.waitFor(() => expect(delay).toHaveBeenCalledWith(30_000, expect.anything()))
  await clock.advance(29_999)
  await sleep(30)
  expect(provider.requests).toHaveLength(1)
  await clock.advance(1)
  expect((await turn).text).toBe('at last')
})

test('a server that wants to be left alone for an hour is passed over', async () => {
  const { provider, agent } = await parts({ fallbacks: ['scripted'] })
  provider.queue({ status: 503, headers: { 'retry-after': '3600' } })
  expect((await ask(agent, '!say from the fall-back')).text).toBe('from the fall-back')
  expect(provider.requests).toHaveLength(1)
})

test('a connection lost before the first word is tried again', async () => {
  const { provider, agent, clock } = await patientParts()
  provider.queue({ text: ['a'], dropAfter: 1 }, { text: ['a'], malformedAfter: 0 }, { text: ['whole'] })
  expect((await hurry(clock, ask(agent, 'hi'))).text).toBe('whole')
  expect(provider.requests).toHaveLength(3)
})

test.each([
  ['a lost connection', { dropAfter: 3 }, 'model_connection_lost'],
  ['a broken frame', { malformedAfter: 3 }, 'model_answer_broken'],
  ['a stall', { stallAfter: 3 }, 'model_idle_timeout'],
])('%s after the first word is not tried again: the words stay, and the turn fails', async (_, trouble, code) => {
  const { provider, agent } = await parts({ timeouts: { idleMs: 500 }, fallbacks: ['scripted'] })
  provider.queue({ text: ['half ', 'of ', 'it'], ...trouble })
  const { text, end } = await ask(agent, 'hi')
  expect(text).toBe('half of ')
  expect(end).toMatchObject({ type: 'failed', failure: 'retryable', code })
  expect(provider.requests).toHaveLength(1)
})

test('a model that does not begin in time is tried again', async () => {
  const { provider, agent } = await parts({ timeouts: { firstTokenMs: 400 }, maxAttempts: 2 })
  provider.queue({ headersDelayMs: 60_000 }, { text: ['a'], firstTokenDelayMs: 60_000 })
  expect((await ask(agent, 'hi')).end).toMatchObject({ failure: 'retryable', code: 'model_first_token_timeout' })
  expect(provider.requests).toHaveLength(2)
})

test('a server that is not there is retryable, and the message says what to look at', async () => {
  const { agent } = await parts({ maxAttempts: 1, providers: { 'openai-compatible': { baseUrl: 'http://127.0.0.1:9/v1' } } })
  const { end } = await ask(agent, 'hi')
  expect(end).toMatchObject({ failure: 'retryable', code: 'model_unreachable', message: expect.stringMatching(/127\.0\.0\.1:9 .*OPENAI_BASE_URL/) })
})

test('fall-backs are tried in order when a model cannot answer or is not configured', async () => {
  const { provider, agent } = await parts({ model: 'openai/gpt-5', fallbacks: ['anthropic/claude-sonnet-4-5', 'openai-compatible/m', 'scripted'] })
  provider.queue({ text: ['from the third'] })
  expect((await ask(agent, 'hi')).text).toBe('from the third')
  expect(provider.requests.map(({ path }) => path)).toEqual(['/v1/chat/completions'])
})

test('a turn stays with the fall-back that answered, instead of asking the others again in every step', async () => {
  const { provider, agent } = await parts({ maxAttempts: 1, fallbacks: ['scripted'] })
  provider.queue({ status: 503 })
  expect((await ask(agent, '!call current_time\n!then\n!say done')).text).toBe('done')
  expect(provider.requests).toHaveLength(1)
})

test('a request that is wrong itself is not carried from model to model', async () => {
  const { provider, agent } = await parts({ fallbacks: ['scripted'] })
  provider.queue({ status: 400, error: { message: 'messages must not be empty' } })
  expect((await ask(agent, 'hi')).end).toMatchObject({ failure: 'fatal', message: 'openai-compatible/m refused the request: messages must not be empty.' })
})

test('when all fail, the failure is that of the model that was asked for, and the others are named', async () => {
  const { provider, agent } = await parts({ maxAttempts: 1, fallbacks: ['openai/gpt-5'] })
  provider.queue({ status: 429 })
  const { end } = await ask(agent, 'hi')
  expect(end).toMatchObject({
    failure: 'retryable',
    code: 'model_rate_limited',
    message: expect.stringMatching(/^The model server takes no more requests .* Its fall-back failed too: openai\/gpt-5 is not configured: set OPENAI_API_KEY/),
  })
})

test.each([
  ['openai/gpt-5', 'OPENAI_API_KEY'],
  ['anthropic/claude-sonnet-4-5', 'ANTHROPIC_API_KEY'],
  ['openai-compatible/m', 'OPENAI_BASE_URL'],
])('%s without its settings says to set %s', async (model, variable) => {
  const { agent } = await parts({ model, providers: {} })
  expect((await ask(agent, 'hi')).end).toMatchObject({
    failure: 'misconfigured',
    code: 'model_not_configured',
    message: expect.stringContaining(`set ${variable} `),
  })
})

test('no message holds a key or a whole upstream body', async () => {
  const { provider, agent } = await parts()
  provider.queue({ status: 400, error: { message: `Incorrect key ${KEY}, ${'blah '.repeat(10_000)}` } })
  const { end } = await ask(agent, 'hi')
  const message = end?.type === 'failed' ? end.message : ''
  expect(message).toContain('Incorrect key [redacted]')
  expect(message.length).toBeLessThan(500)
})

test('stopping a turn while it waits to try again ends it at once', async () => {
  const { provider, agent, clock } = await patientParts()
  provider.queue({ status: 503, headers: { 'retry-after': '30' } })
  const delay = vi.spyOn(clock, 'delay')
  const controller = new AbortController()
  const turn = ask(agent, 'hi', controller.signal)
  await vi.waitFor(() => expect(delay).toHaveBeenCalledWith(30_000, expect.anything()))
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(turn).rejects.toBe(reason)
  await sleep(30)
  expect(provider.requests).toHaveLength(1)
})

test('each failed attempt is logged with its code, and neither with a key nor with what was said', async () => {
  const lines: string[] = []
  const log = createLog('agent', { destination: { write: (line) => void lines.push(line) } })
  const { provider, agent } = await parts({ maxAttempts: 1 }, systemClock, log)
  provider.queue({ status: 400, error: { message: `no ${KEY}` } })
  await ask(agent, 'my secret thoughts')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { msg: 'a model failed', target: 'openai-compatible/m', attempt: 1, code: 'model_refused_request' },
  ])
  expect(lines.join('')).not.toMatch(/secret/)
})

test('a turn that is stopped is not logged as a failure of its model', async () => {
  const lines: string[] = []
  const log = createLog('agent', { destination: { write: (line) => void lines.push(line) } })
  const { provider, agent } = await parts({}, systemClock, log)
  provider.queue({ headersDelayMs: 60_000 })
  const controller = new AbortController()
  const turn = ask(agent, 'hi', controller.signal)
  await vi.waitFor(() => expect(provider.requests).toHaveLength(1))
  controller.abort(new Error('enough'))
  await expect(turn).rejects.toThrow('enough')
  expect(lines).toEqual([])
})

test('the scripted model can fail so many times and then answer', async () => {
  const { agent, clock } = await patientParts({ model: 'scripted' })
  expect((await hurry(clock, ask(agent, '!fail 503 times=2\n!say third time lucky'))).text).toBe('third time lucky')
  expect((await hurry(clock, ask(agent, '!fail 503 times=3\n!say never'))).end?.type).toBe('failed')
})
