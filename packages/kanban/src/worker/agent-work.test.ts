import { startFakeProvider } from '@talaria/agent/testing'
import { silentLog, systemClock as clock } from '@talaria/core'
import { until, within } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { openWorkerSite, type WorkerSite } from '../../test/worker-site.ts'
import { runWorker } from './run-worker.ts'

/** A worker whose agent asks this provider. */
function startWorker(site: WorkerSite, token: string, url: string, agent = {}) {
  return runWorker({
    socket: site.socket,
    token,
    pid: process.pid,
    env: {},
    agent: { model: 'openai-compatible/one', providers: { 'openai-compatible': { baseUrl: url, apiKey: 'sk-test' } }, maxAttempts: 1, ...agent },
    signal: new AbortController().signal,
    clock,
    log: silentLog,
  })
}

const verdict = (verdict: string, reason: string) => ({ text: [JSON.stringify({ verdict, reason })], usage: { input: 5, output: 5 } })
const call = (name: string, input: object) => ({ calls: [{ id: 'call_1', name, arguments: JSON.stringify(input) }], usage: { input: 10, output: 10 } })

test('with a goal the agent goes on until a judge says that the task’s own words are fulfilled', async () => {
  await using provider = await startFakeProvider()
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({ title: 'Paint the fence', body: 'Both sides.', settings: { goal: { maxTurns: 5 } } })
  provider.queue(
    { text: ['One side is painted.'] },
    verdict('unfulfilled', 'The back is bare.'),
    { text: ['Both sides are painted.'] },
    verdict('fulfilled', 'Both sides.'),
  )
  expect(await startWorker(site, token, provider.url)).toBe('said')
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', summary: 'Both sides are painted.' })
  const asked = provider.requests.map(({ body }) => JSON.stringify(body.messages))
  expect(asked).toHaveLength(4)
  expect(asked[1]).toContain('One side is painted.')
  expect(asked[2]).toContain('The back is bare.')
})

test('an agent that forgets to end its task is reminded, and what it had said is the summary, not what it says to that', async () => {
  await using provider = await startFakeProvider()
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({ title: 'Count the chairs' })
  provider.queue({ text: ['There are twelve chairs.'] }, { text: ['As I said.'] })
  expect(await startWorker(site, token, provider.url)).toBe('said')
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', summary: 'There are twelve chairs.' })
})

test('an agent that says it is done too early is told why not, and a judge’s tokens are booked as well', async () => {
  await using provider = await startFakeProvider()
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({ title: 'Goal', settings: { goal: { maxTurns: 5 } } })
  provider.queue(
    call('kanban_complete', { summary: 'Done!' }),
    verdict('unfulfilled', 'Show it.'),
    call('kanban_complete', { summary: 'Here it is.' }),
    verdict('fulfilled', 'Seen.'),
  )
  await startWorker(site, token, provider.url)
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', summary: 'Here it is.' })
  expect(JSON.stringify(provider.requests[1]!.body.messages)).toContain('Done!')
  expect(JSON.stringify(provider.requests[2]!.body.messages)).toContain('Not yet: Show it.')
  expect((await site.run(claim.runId)).spend).toMatchObject({ inputTokens: 30, outputTokens: 30 })
})

test.each([
  ['turns are used up', [{ text: ['no'] }, verdict('unfulfilled', 'Nothing is there.')], 'Not done after 1 turns: Nothing is there.'],
  ['it cannot be done', [{ text: ['no'] }, verdict('impossible', 'There is no fence.')], 'It cannot be done: There is no fence.'],
  ['the judge gives no verdict', [{ text: ['no'] }, { text: ['Well…'] }], 'Not done after 1 turns: The judge gave no verdict.'],
])('a goal waits for a person when %s', async (_, answers, reason) => {
  await using provider = await startFakeProvider()
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({ settings: { goal: { maxTurns: 1 } } })
  provider.queue(...answers)
  await startWorker(site, token, provider.url)
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'blocked', block: { kind: 'needs_input', reason } })
})

test('the conversation of one turn is before the agent in the next, with its calls and their results', async () => {
  await using provider = await startFakeProvider()
  await using site = await openWorkerSite()
  const { token } = await site.claim({ title: 'Talk' })
  provider.queue({ text: ['Let me see.'], ...call('kanban_comment', { body: 'Hm' }) }, { text: ['I have seen.'] }, { text: ['All is well.'] })
  await startWorker(site, token, provider.url)
  const { messages, model } = provider.requests[2]!.body as { messages: { role: string; content: unknown }[]; model: string }
  expect(model).toBe('one')
  expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'user'])
  expect(JSON.stringify(messages[3])).toContain('comment')
})

test('a task may name its model; one that is none waits for a person', async () => {
  await using provider = await startFakeProvider()
  await using site = await openWorkerSite()
  const first = await site.claim({ title: 'Named', settings: { model: 'openai-compatible/two' } })
  await startWorker(site, first.token, provider.url)
  expect(provider.requests[0]!.body.model).toBe('two')
  const second = await site.claim({ title: 'Unknown', settings: { model: 'nonsense' } })
  await startWorker(site, second.token, provider.url)
  expect((await site.task(second.claim.taskNumber)).block).toMatchObject({ kind: 'capability', reason: expect.stringContaining('nonsense') })
})

test.each([
  [401, 'a key that is refused', 'blocked'],
  [500, 'a provider that is down', 'ready'],
])('%i, %s, is not the task’s failure', async (status, _, state) => {
  await using provider = await startFakeProvider()
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({})
  provider.queue({ status, error: { message: 'no' } })
  await startWorker(site, token, provider.url)
  expect((await site.task(claim.taskNumber)).state).toBe(state)
  expect(site.failures.map((failure) => failure.class)).toEqual(state === 'ready' ? ['infrastructure'] : [])
})

test('an agent that says nothing at all has broken the protocol', async () => {
  await using provider = await startFakeProvider()
  await using site = await openWorkerSite()
  const { token } = await site.claim({})
  provider.queue({ text: [] }, { text: [] })
  await startWorker(site, token, provider.url)
  expect(site.failures).toMatchObject([{ class: 'protocol', code: 'ended_without_result' }])
})

test('a paused agent asks its model for nothing more until it is resumed', async () => {
  await using provider = await startFakeProvider()
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({})
  const wish = (word: 'pause' | 'resume') => site.stores.claims.wish({ runId: claim.runId, wish: word, reason: '', actor: 'user:anna' })
  await wish('pause')
  provider.queue({ ...call('kanban_comment', { body: 'Hm' }), endDelayMs: 200 }, call('kanban_complete', { summary: 'x' }))
  const outcome = startWorker(site, token, provider.url)
  await until('it has asked once', 3_000, () => provider.requests.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(provider.requests).toHaveLength(1)
  expect(await site.stores.comments.latest(claim.taskNumber, 1)).toEqual([])
  await wish('resume')
  expect(await within(5_000, 'it goes on', outcome)).toBe('said')
  expect((await site.task(claim.taskNumber)).state).toBe('done')
})
