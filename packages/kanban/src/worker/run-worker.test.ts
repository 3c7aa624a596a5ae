import { silentLog, systemClock as clock } from '@talaria/core'
import { expectSameDescriptors, descriptorsOf, until, within } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { openWorkerSite, untilEnded, type WorkerSite } from '../../test/worker-site.ts'
import { runWorker, type WorkerOutcome } from './run-worker.ts'

/** A worker in this process, and what ends it as SIGTERM does. */
function startWorker(site: WorkerSite, token: string, agent = {}): { readonly outcome: Promise<WorkerOutcome>; terminate(): void } {
  const stop = new AbortController()
  const outcome = runWorker({
    socket: site.socket,
    token,
    pid: process.pid,
    env: { PATH: process.env.PATH, TALARIA_WORKER_TOKEN: token },
    agent: { model: 'scripted', ...agent },
    signal: stop.signal,
    clock,
    log: silentLog,
  })
  return { outcome, terminate: () => stop.abort() }
}

test('the agent works with the tools of the board, and completes its task by one of them', async () => {
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({
    body: [
      '!think about it',
      '!say I begin.',
      '!call kanban_create {"title":"Part one","assignee":"bob"}',
      '!call kanban_comment {"body":"halfway"}',
      '!then',
      '!call kanban_complete {"summary":"It is done.","metadata":{"files":2},"created_cards":["#2"]}',
    ].join('\n'),
  })
  expect(await startWorker(site, token).outcome).toBe('said')
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', verdict: 'success', summary: 'It is done.', metadata: { files: 2 } })
  expect(await site.task(2)).toMatchObject({ title: 'Part one', assignee: 'bob', createdBy: `worker:${claim.runId}` })
  expect(await site.stores.comments.latest(claim.taskNumber, 5)).toMatchObject([{ body: 'halfway', author: `worker:${claim.runId}` }])
  const kinds = (await site.transcript(claim.runId)).map(([kind]) => kind)
  expect(kinds).toEqual(['reasoning', 'text', 'tool', 'tool', 'tool'])
  expect((await site.run(claim.runId)).spend.outputTokens).toBeGreaterThan(0)
})

test('an agent that ends without a word to the board is reminded once, and what it had said is the summary', async () => {
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({ body: '!say The answer is 42.' })
  expect(await startWorker(site, token).outcome).toBe('said')
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', summary: 'The answer is 42.' })
  // The scripted model repeats what it is told.
  const said = (await site.transcript(claim.runId)).map(([, body]) => body).join(' ')
  expect(said.split('The task is still open')).toHaveLength(2)
})

test('a completion that lacks what it must have is told to the agent, which puts it right', async () => {
  await using site = await openWorkerSite()
  const script = ['!call kanban_complete {"summary":"One"}', '!then', '!say {result}', '!call kanban_block {"reason":"There is no file."}']
  const { claim, token } = await site.claim({ body: script.join('\n'), settings: { checks: [{ kind: 'files', paths: ['report.md'] }] } })
  expect(await startWorker(site, token).outcome).toBe('said')
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'blocked', block: { reason: 'There is no file.' } })
  expect((await site.transcript(claim.runId)).find(([kind]) => kind === 'text')?.[1]).toContain('report.md')
})

test('a worker changes the life of no task but its own, and is told so', async () => {
  await using site = await openWorkerSite()
  const { task: other } = await site.stores.tasks.create({ title: 'Another' }, 'user:anna')
  const script = [`!call kanban_complete {"task_id":${other.number},"summary":"x"}`, '!then', '!say {result}', '!call kanban_block {"reason":"no"}']
  const { claim, token } = await site.claim({ body: script.join('\n') })
  await startWorker(site, token).outcome
  expect((await site.task(other.number)).state).toBe('ready')
  expect((await site.transcript(claim.runId)).find(([kind]) => kind === 'text')?.[1]).toContain(`your own task, #${claim.taskNumber}`)
})

test('what is said to a worker reaches its agent between two steps', async () => {
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({ body: ['!say I begin.', '!call kanban_comment {"body":"first"}', '!pause 600ms'].join('\n') })
  const { outcome } = startWorker(site, token)
  await until('it listens', 5_000, () => site.requests.includes('/run/wishes'))
  await site.stores.claims.steer(claim.runId, '!call kanban_complete {"summary":"Steered."}', 'user:anna')
  expect(await outcome).toBe('said')
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', summary: 'Steered.' })
  expect((await site.transcript(claim.runId)).some(([kind, body]) => kind === 'steered' && body.includes('user:anna'))).toBe(true)
})

test('a worker that is to stop stops, and its task waits for a person with the reason', async () => {
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({ body: '!say I begin.\n!hang' })
  const { outcome } = startWorker(site, token)
  await until('it works', 5_000, async () => (await site.transcript(claim.runId)).length > 0)
  await site.stores.claims.wish({ runId: claim.runId, wish: 'stop', reason: 'wrong task', actor: 'user:anna' })
  expect(await within(2_000, 'the worker stops', outcome)).toBe('said')
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'blocked', block: { kind: 'needs_input', reason: 'Stopped: wrong task' } })
})

test('a worker whose task somebody took away stops within a second and writes nothing more', async () => {
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({ body: '!say I begin.\n!hang' })
  const { outcome } = startWorker(site, token)
  await until('it works', 5_000, async () => (await site.transcript(claim.runId)).length > 0)
  await site.stores.tasks.release(claim.taskNumber, { actor: 'user:anna' })
  expect(await within(1_000, 'the worker stops', outcome)).toBe('lost')
  expect((await site.task(claim.taskNumber)).state).toBe('ready')
})

test('a dispatcher that goes away and comes back loses nothing: words, calls and the end arrive once, in order', async () => {
  await using site = await openWorkerSite({ leaseMs: 600 })
  const { claim, token } = await site.claim({
    body: [
      '!stream 20 chunks every 30ms word{n}',
      '!call kanban_create {"title":"Child"}',
      '!then',
      '!call kanban_complete {"summary":"Through it all."}',
    ].join('\n'),
  })
  const before = await descriptorsOf()
  const { outcome } = startWorker(site, token)
  await until('it speaks', 5_000, async () => (await site.transcript(claim.runId)).length > 0)
  await site.goAway()
  await new Promise((resolve) => setTimeout(resolve, 900))
  await site.listen()
  expect(await within(10_000, 'the worker ends', outcome)).toBe('said')
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', summary: 'Through it all.' })
  expect((await site.stores.tasks.list({ text: 'Child', limit: 10 })).tasks).toHaveLength(1)
  const words = (await site.transcript(claim.runId)).filter(([kind]) => kind === 'text').map(([, body]) => body)
  expect(words.join('').trim().split(/\s+/)).toEqual(Array.from({ length: 20 }, (_, index) => `word${index + 1}`))
  await expectSameDescriptors(before)
})

test('heartbeats keep the claim and tell what it has cost', async () => {
  await using site = await openWorkerSite({ leaseMs: 300 })
  const { claim, token } = await site.claim({ body: '!call kanban_comment {"body":"a"}\n!then\n!pause 700ms\n!call kanban_complete {"summary":"x"}' })
  const { outcome } = startWorker(site, token)
  await until('it is booked while it works', 3_000, async () => (await site.run(claim.runId)).spend.inputTokens > 0)
  const run = await site.run(claim.runId)
  expect(run.endedAt).toBeNull()
  expect(run.leaseExpiresAt).toBeGreaterThan(run.claimedAt + 300)
  await outcome
})

test('SIGTERM without a wish is this machine’s affair: the attempt has failed, and its task did not', async () => {
  await using site = await openWorkerSite()
  const { claim, token } = await site.claim({ body: '!hang' })
  const worker = startWorker(site, token)
  await until('it listens', 5_000, () => site.requests.includes('/run/wishes'))
  worker.terminate()
  expect(await within(3_000, 'the worker ends', worker.outcome)).toBe('said')
  await untilEnded(site, claim.runId)
  expect(site.failures).toMatchObject([{ class: 'infrastructure', code: 'terminated' }])
})

test('a model that takes no more requests is no failure of the task', async () => {
  await using site = await openWorkerSite()
  const { token } = await site.claim({ body: '!fail 429 retry-after=0' })
  await startWorker(site, token, { maxAttempts: 1 }).outcome
  expect(site.failures).toMatchObject([{ class: 'rate_limit', code: 'model_rate_limited' }])
})

test('a token that belongs to no attempt ends the worker at once', async () => {
  await using site = await openWorkerSite()
  await site.claim({})
  expect(await within(1_000, 'the worker ends', startWorker(site, 'default.run_1.nonsense').outcome)).toBe('lost')
})
