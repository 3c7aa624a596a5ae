import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { processStarted } from '@talaria/core'
import { until, within } from '@talaria/core/testing'
import type { CompletionCheck, TaskSettings } from '@talaria/db'
import { expect, test } from 'vitest'
import { openTestBoards, type TestBoards } from '../testing/test-board.ts'
import { claimAgain, claimTask, openWorkerApi, workerOf } from '../testing/test-worker.ts'
import type { CompletionOptions } from './completion.ts'

async function workerOn(boards: TestBoards, settings: TaskSettings, completion?: Partial<CompletionOptions>) {
  const { api } = openWorkerApi(boards, completion && { completion })
  return workerOf(api, await claimTask(boards, { settings }))
}

test('a completion is taken once its command exits with 0 in the workspace, and says until then what the command said', async () => {
  await using boards = await openTestBoards()
  const worker = await workerOn(boards, { checks: [{ kind: 'command', command: 'echo "no green here"; test -f green' }] })
  const refused = await worker.post('/run/complete', { summary: 'done' })
  expect(refused).toMatchObject({ status: 422, body: { error: { code: 'CHECK_FAILED', details: { attemptsLeft: 2 } } } })
  expect(refused.body.error.message).toContain('no green here')
  expect((await worker.post('/run/heartbeat', {})).status).toBe(200)
  writeFileSync(join(boards.home, 'green'), '')
  expect((await worker.post('/run/complete', { summary: 'done' })).body).toEqual({ state: 'done' })
})

test('a third completion that is not complete fails the attempt', async () => {
  await using boards = await openTestBoards()
  const worker = await workerOn(boards, { checks: [{ kind: 'command', command: 'false' }] })
  const codes = []
  for (let time = 0; time < 4; time += 1) codes.push((await worker.post('/run/complete', { summary: 'done' })).body.error.code)
  expect(codes).toEqual(['CHECK_FAILED', 'CHECK_FAILED', 'CHECKS_EXHAUSTED', 'CLAIM_LOST'])
  expect(await boards.storesOf('default').tasks.get(1)).toMatchObject({ state: 'ready', failures: 1, lastFailure: { class: 'task', code: 'checks_failed' } })
})

test('files that must be there are looked for inside the workspace, whatever links say', async () => {
  await using boards = await openTestBoards()
  const workspace = join(boards.home, 'work')
  mkdirSync(workspace)
  writeFileSync(join(workspace, 'here.txt'), '')
  symlinkSync('/etc/hostname', join(workspace, 'link'))
  const worker = await workerOn(boards, { checks: [{ kind: 'files', paths: ['here.txt', 'gone.txt', 'link', '../gateway.db', '/etc/passwd'] }] })
  await boards.storesOf('default').claims.spawned(worker.claim, { workspace })
  const { body } = await worker.post('/run/complete', { summary: 'done' })
  const { message } = body.error as { message: string }
  expect(message).not.toContain('here.txt')
  for (const problem of ['gone.txt does not exist', 'link is not inside', '../gateway.db', '/etc/passwd']) expect(message).toContain(problem)
})

test('the checks of a pull request decide, and what nobody knows yet costs nothing', async () => {
  await using boards = await openTestBoards()
  const asked: unknown[] = []
  const states = ['pending', 'auth', 'unreachable', 'failure', 'missing', 'success'] as const
  const pullRequests: CompletionOptions['pullRequests'] = {
    async verdictOf(reference) {
      asked.push(reference)
      return { state: states[asked.length - 1]!, detail: 'so it is' }
    },
  }
  const check: CompletionCheck = { kind: 'pull_request', repository: 'acme/tool' }
  const worker = await workerOn(boards, { checks: [check] }, { pullRequests })
  const complete = () => worker.post('/run/complete', { summary: 'done', metadata: { pull_request: 'https://github.example/acme/tool/pull/12' } })
  const codes = []
  for (let time = 0; time < 5; time += 1) codes.push((await complete()).body.error.code)
  expect(codes).toEqual(['CHECK_PENDING', 'CHECK_PENDING', 'CHECK_PENDING', 'CHECK_FAILED', 'CHECK_FAILED'])
  expect((await complete()).body).toEqual({ state: 'done' })
  expect(asked[0]).toEqual({ repository: 'acme/tool', number: 12 })
})

test('a worker that asks again while its checks are running hears the same answer, and they run once', async () => {
  await using boards = await openTestBoards()
  const worker = await workerOn(boards, { checks: [{ kind: 'command', command: 'echo run >> runs; sleep 0.2' }] })
  const answers = await Promise.all([1, 2, 3].map(() => worker.post('/run/complete', { summary: 'done' })))
  expect(answers.map(({ body }) => body)).toEqual([{ state: 'done' }, { state: 'done' }, { state: 'done' }])
  expect(readFileSync(join(boards.home, 'runs'), 'utf8')).toBe('run\n')
})

test('who says that it cannot be done is asked for no proof', async () => {
  await using boards = await openTestBoards()
  const worker = await workerOn(boards, { checks: [{ kind: 'command', command: 'false' }], gates: [{ kind: 'person' }] })
  expect((await worker.post('/run/complete', { summary: 'impossible', verdict: 'failure' })).body).toEqual({ state: 'done' })
  expect(await boards.storesOf('default').tasks.get(1)).toMatchObject({ verdict: 'failure' })
})

test('what a person is to approve of waits in review for nobody else, and their word completes it with its result', async () => {
  await using boards = await openTestBoards()
  const { tasks, approvals, claims } = boards.storesOf('default')
  const { api } = openWorkerApi(boards)
  const worker = workerOf(api, await claimTask(boards, { reviewer: 'rita', settings: { gates: [{ kind: 'person' }] } }))
  const said = { summary: 'done', result: 'forty-two', metadata: { pages: 3 } }
  expect((await worker.post('/run/complete', said)).body).toEqual({ state: 'review' })
  expect((await worker.post('/run/complete', said)).body).toEqual({ state: 'review' })
  const waiting = (await tasks.get(1))!
  expect(waiting).toMatchObject({ state: 'review', assignee: null, waiting: { code: 'approval' }, result: 'forty-two' })
  const claimed = await claims.claimMany({
    dispatcher: 'x',
    host: 'h',
    now: Date.now(),
    leaseMs: 1_000,
    caps: {},
    executorOf: () => 'agent',
    tokenHashes: ['x'],
  })
  expect(claimed).toEqual({ claimed: [], held: [] })
  const [asked, ...others] = await approvals.list({ taskNumber: 1 })
  expect(others).toEqual([])
  expect(asked).toMatchObject({ state: 'waiting', runId: worker.claim.runId, taskRevision: waiting.revision })
  await approvals.answer(asked!.id, { approved: true, actor: 'user:anna' })
  expect(await tasks.get(1)).toMatchObject({ state: 'done', verdict: 'success', summary: 'done', result: 'forty-two', metadata: { pages: 3 } })
  await expect(approvals.answer(asked!.id, { approved: false, actor: 'user:bob' })).rejects.toMatchObject({ code: 'APPROVAL_VOID' })
})

test('a word of no sends the work back to who did it, with the reason; a word about what has changed since counts for nothing', async () => {
  await using boards = await openTestBoards()
  const { tasks, approvals } = boards.storesOf('default')
  const { api } = openWorkerApi(boards)
  const submit = async (claimed: Awaited<ReturnType<typeof claimAgain>>) => {
    await workerOf(api, claimed).post('/run/complete', { summary: 'done' })
    return (await approvals.list({ taskNumber: 1, isWaiting: true }))[0]!
  }
  const first = await submit(await claimTask(boards, { settings: { gates: [{ kind: 'person' }] } }))
  await approvals.answer(first.id, { approved: false, actor: 'user:anna', reason: 'too short' })
  expect(await tasks.get(1)).toMatchObject({ state: 'ready', assignee: 'anna' })
  const second = await submit(await claimAgain(boards, 1))
  await tasks.change(1, { title: 'something else' }, { actor: 'user:bob' })
  await expect(approvals.answer(second.id, { approved: true, actor: 'user:anna' })).rejects.toMatchObject({ code: 'APPROVAL_VOID' })
  expect((await tasks.get(1))!.state).toBe('review')
})

test('a gate at which a command decides is asked after the checks, and its no can be mended', async () => {
  await using boards = await openTestBoards()
  const worker = await workerOn(boards, { gates: [{ kind: 'command', command: 'test -f approved' }] })
  expect((await worker.post('/run/complete', { summary: 'done' })).body.error.code).toBe('CHECK_FAILED')
  writeFileSync(join(boards.home, 'approved'), '')
  expect((await worker.post('/run/complete', { summary: 'done' })).body).toEqual({ state: 'done' })
})

test('files that came of the work are on the task when it is done, all of them or none', async () => {
  await using boards = await openTestBoards()
  const { attachments, events } = boards.storesOf('default')
  const worker = await workerOn(boards, {})
  const workspace = join(boards.home, 'work')
  mkdirSync(join(workspace, 'out'), { recursive: true })
  await boards.storesOf('default').claims.spawned(worker.claim, { workspace })
  writeFileSync(join(workspace, 'out', 'report.md'), 'the report')
  writeFileSync(join(workspace, 'large'), '')
  truncateSync(join(workspace, 'large'), 25 * 1_024 * 1_024 + 1)
  symlinkSync(join(boards.home, 'boards', 'default.db'), join(workspace, 'stolen'))
  const refused = await worker.post('/run/complete', { summary: 'done', artifacts: ['out/report.md', 'large', 'stolen', 'out', 'none'] })
  expect(refused.body.error.details.failed).toEqual([
    'large is larger than 25 MiB',
    'stolen is not inside the workspace',
    'out is no file',
    'none does not exist',
  ])
  expect(await attachments.list(1)).toEqual([])
  expect((await worker.post('/run/complete', { summary: 'done', artifacts: ['out/report.md'] })).status).toBe(200)
  const [file, ...others] = await attachments.list(1)
  expect(others).toEqual([])
  expect([file!.name, Buffer.from(await attachments.read(file!.id)).toString()]).toEqual(['report.md', 'the report'])
  expect((await events.latestOf(1, 1))[0]).toMatchObject({ kind: 'task.completed', payload: { artifacts: ['report.md'] } })
})

test('a task that is taken away while its checks are running keeps nothing of that completion', async () => {
  await using boards = await openTestBoards()
  const { tasks, attachments, events } = boards.storesOf('default')
  writeFileSync(join(boards.home, 'report.md'), 'late')
  const worker = await workerOn(boards, { checks: [{ kind: 'command', command: 'touch begun; while [ ! -f go ]; do sleep 0.02; done' }] })
  const late = worker.post('/run/complete', { summary: 'late', artifacts: ['report.md'] })
  await until('the check runs', 5_000, () => existsSync(join(boards.home, 'begun')))
  await tasks.release(1, { actor: 'user:anna' })
  writeFileSync(join(boards.home, 'go'), '')
  expect((await late).body.error.code).toBe('CLAIM_LOST')
  expect(await attachments.list(1)).toEqual([])
  expect((await events.latestOf(1, 1))[0]).toMatchObject({ kind: 'task.released' })
  expect((await tasks.get(1))!.state).toBe('ready')
})

test('the checks of a task that was taken away are ended, because its workspace is the next one’s', async () => {
  await using boards = await openTestBoards()
  const worker = await workerOn(boards, { checks: [{ kind: 'command', command: 'echo $$ > pid; sleep 60' }] })
  const late = worker.post('/run/complete', { summary: 'late' })
  await until('the check runs', 5_000, () => existsSync(join(boards.home, 'pid')))
  await boards.storesOf('default').tasks.release(1, { actor: 'user:anna' })
  expect(await within(5_000, 'the answer', late)).toMatchObject({ status: 409, body: { error: { code: 'CLAIM_LOST' } } })
  await until('the command is gone', 5_000, () => processStarted(Number(readFileSync(join(boards.home, 'pid'), 'utf8'))) === undefined)
})

test('a completion whose checks the stopping service ends is to be said again, and counts for nothing', async () => {
  await using boards = await openTestBoards()
  const stop = new AbortController()
  const { api } = openWorkerApi(boards, { signal: stop.signal })
  const claimed = await claimTask(boards, { settings: { checks: [{ kind: 'command', command: 'touch begun; test -f second || sleep 60' }] } })
  const first = workerOf(api, claimed).post('/run/complete', { summary: 'done' })
  await until('the check runs', 5_000, () => existsSync(join(boards.home, 'begun')))
  stop.abort(new Error('stopping'))
  expect(await within(5_000, 'the answer', first)).toMatchObject({ status: 503, body: { error: { code: 'STOPPING' } } })
  writeFileSync(join(boards.home, 'second'), '')
  expect((await workerOf(openWorkerApi(boards).api, claimed).post('/run/complete', { summary: 'done' })).body).toEqual({ state: 'done' })
})
