import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { silentLog } from '@talaria/core'
import { startHttpServer } from '@talaria/core/http'
import { until, within } from '@talaria/core/testing'
import { expect, test, vi } from 'vitest'
import { openTestBoards } from '../testing/test-board.ts'
import { claimAgain, claimTask, openWorkerApi, workerOf } from '../testing/test-worker.ts'

test('a worker is told its task, its worker and its place, and only by its own token', async () => {
  await using boards = await openTestBoards()
  const { api } = openWorkerApi(boards)
  const worker = workerOf(api, await claimTask(boards, { title: 'mend the roof', settings: { budget: { tokens: 500 } } }))
  const answer = await worker.get('/run')
  expect(await answer.json()).toMatchObject({
    board: 'default',
    runId: worker.claim.runId,
    attempt: 1,
    task: { title: 'mend the roof' },
    workspace: boards.home,
    leaseMs: 60_000,
    budget: { tokens: 500 },
    context: expect.stringContaining('mend the roof'),
  })
  const [board, runId] = worker.token.split('.')
  for (const token of ['', 'x', `${board}.${runId}.wrong`, `nowhere.${runId}.wrong`, `../../etc.${runId}.x`, `${board}.run_none.x`]) {
    const response = await api.request('/run', { headers: { Authorization: `Bearer ${token}` } })
    expect([token, response.status, await response.json()]).toMatchObject([token, 401, { error: { code: 'UNKNOWN_WORKER' } }])
  }
})

test('a worker whose dispatcher died before it wrote down where it runs is written down by its first question', async () => {
  await using boards = await openTestBoards()
  const { api } = openWorkerApi(boards)
  const { claims, tasks } = boards.storesOf('default')
  const { task } = await tasks.create({ title: 't', assignee: 'anna' }, 'test')
  const claimed = await claimAgain(boards, task.number)
  const worker = workerOf(api, claimed)
  await worker.get(`/run?pid=${process.pid}`)
  expect((await claims.get(claimed.claim.runId))!.pid).toBeNull()
  await tasks.release(task.number, { actor: 'test' })
  const { claim, token } = await claimAgain(boards, task.number, { isSpawned: false })
  expect((await workerOf(api, { claim, token }).get(`/run?pid=${process.pid}`)).status).toBe(200)
  expect(await claims.get(claim.runId)).toMatchObject({ pid: process.pid, workspace: boards.home, processStarted: expect.any(String) })
})

test('heartbeats that come together are one transaction, and a total that is said twice is booked once', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  const { api } = openWorkerApi(boards, { storesOf: () => stores })
  const workers = await Promise.all(Array.from({ length: 40 }, async () => workerOf(api, await claimTask(boards))))
  const heartbeat = vi.spyOn(stores.claims, 'heartbeat')
  const say = () => Promise.all(workers.map((worker) => worker.post('/run/heartbeat', { note: 'half', spend: { inputTokens: 100, costMicros: 5 } })))
  const answers = await say()
  expect(answers.every(({ status, body }) => status === 200 && body.wish === null && body.leaseExpiresAt > Date.now())).toBe(true)
  expect(heartbeat).toHaveBeenCalledTimes(1)
  await say()
  expect(await stores.claims.get(workers[0]!.claim.runId)).toMatchObject({ note: 'half', spend: { inputTokens: 100, outputTokens: 0, costMicros: 5 } })
  expect((await stores.board.spend()).spendToday).toMatchObject({ inputTokens: 4_000, costMicros: 200 })
  const end = await workers[0]!.post('/run/complete', { summary: 'done', spend: { inputTokens: 130, costMicros: 5 } })
  expect(end).toMatchObject({ status: 200, body: { state: 'done' } })
  expect((await stores.tasks.get(workers[0]!.claim.taskNumber))!.spend).toMatchObject({ inputTokens: 130, costMicros: 5 })
})

test('a heartbeat tells what is wanted of the worker', async () => {
  await using boards = await openTestBoards()
  const { api } = openWorkerApi(boards)
  const worker = workerOf(api, await claimTask(boards))
  await boards.storesOf('default').claims.wish({ runId: worker.claim.runId, wish: 'pause', reason: 'lunch', actor: 'user:anna' })
  expect((await worker.post('/run/heartbeat', {})).body).toMatchObject({ wish: 'pause', reason: 'lunch' })
})

test('whatever a worker says whose task was taken away changes nothing, and the answer is 409', async () => {
  await using boards = await openTestBoards()
  const { api } = openWorkerApi(boards)
  const { tasks, claims, attachments, comments, transcripts, events } = boards.storesOf('default')
  const stale = workerOf(api, await claimTask(boards))
  await tasks.release(1, { actor: 'user:anna' })
  const current = workerOf(api, await claimAgain(boards, 1))
  const before = { task: await tasks.get(1), seq: await events.latest() }
  const late: [string, unknown][] = [
    ['/run/heartbeat', { note: 'still here', spend: { inputTokens: 9 } }],
    ['/run/transcript', { entries: [{ seq: 1, kind: 'text', body: 'late' }] }],
    ['/run/files?name=late.txt', new Uint8Array([1])],
    ['/run/complete', { summary: 'late' }],
    ['/run/block', { reason: 'late' }],
    ['/run/request-review', { summary: 'late' }],
    ['/run/request-changes', { reason: 'late' }],
    ['/run/fail', { class: 'task', code: 'x', message: 'late' }],
    ['/tools/kanban_comment', { task_id: 1, body: 'late' }],
    ['/tools/kanban_complete', { summary: 'late' }],
  ]
  for (const [path, body] of late) {
    const { status, body: answer } = await stale.post(path, body)
    expect([path, status, answer.error.code]).toEqual([path, 409, 'CLAIM_LOST'])
  }
  expect([(await stale.get('/run')).status, (await stale.get('/run/wishes')).status]).toEqual([409, 409])
  expect({ task: await tasks.get(1), seq: await events.latest() }).toEqual(before)
  expect([await attachments.list(1), await comments.latest(1, 9), await transcripts.list(stale.claim.runId, { limit: 9 })]).toEqual([[], [], []])
  expect(await claims.get(stale.claim.runId)).toMatchObject({ outcome: 'released', note: null, spend: { inputTokens: 0 } })
  expect((await current.post('/run/complete', { summary: 'mine' })).body).toEqual({ state: 'done' })
})

test('an end whose answer was lost is answered again, and is there once', async () => {
  await using boards = await openTestBoards()
  const { api } = openWorkerApi(boards)
  const { events, claims, tasks } = boards.storesOf('default')
  const ends: [string, object, string][] = [
    ['/run/complete', { summary: 'x' }, 'done'],
    ['/run/block', { reason: 'x' }, 'blocked'],
    ['/run/request-review', { summary: 'x' }, 'review'],
    ['/run/fail', { class: 'task', code: 'x', message: 'x', spend: { inputTokens: 7 } }, 'ready'],
  ]
  for (const [path, body, state] of ends) {
    const worker = workerOf(api, await claimTask(boards))
    expect([path, await worker.post(path, body)]).toEqual([path, { status: 200, body: { state } }])
    const seq = await events.latest()
    expect([path, await worker.post(path, body)]).toEqual([path, { status: 200, body: { state } }])
    expect(await events.latest()).toBe(seq)
    expect((await worker.post('/run/heartbeat', {})).body.error.code).toBe('CLAIM_LOST')
  }
  expect((await tasks.get(4))!.spend.inputTokens).toBe(7)
  expect((await claims.ofTask(4))[0]).toMatchObject({ outcome: 'failed', failure: { class: 'task', code: 'x' } })
})

test('transcripts are there once, files are attached, and what does not fit is refused by name', async () => {
  await using boards = await openTestBoards()
  const { api } = openWorkerApi(boards)
  const worker = workerOf(api, await claimTask(boards))
  const { transcripts, attachments } = boards.storesOf('default')
  const entries = [1, 2].map((seq) => ({ seq, kind: 'text', body: `line ${seq}` }))
  await worker.post('/run/transcript', { entries })
  await worker.post('/run/transcript', { entries: [...entries, { seq: 3, kind: 'text', body: 'line 3' }] })
  expect((await transcripts.list(worker.claim.runId, { limit: 9 })).map(({ body }) => body)).toEqual(['line 1', 'line 2', 'line 3'])
  const { body: file } = await worker.post('/run/files?name=../../plan.md', Buffer.from('steps'))
  expect(file).toMatchObject({ attachment: { name: 'plan.md', bytes: 5 } })
  expect(Buffer.from(await attachments.read(file.attachment.id)).toString()).toBe('steps')
  expect(await worker.post('/run/complete', { summary: '' })).toMatchObject({
    status: 400,
    body: { error: { code: 'INVALID', details: { field: 'summary' } } },
  })
  expect(await worker.post('/run/request-changes', { reason: 'no' })).toMatchObject({ status: 422, body: { error: { code: 'ILLEGAL_TRANSITION' } } })
  expect(await worker.post('/tools/kanban_nothing', {})).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
  expect((await worker.get('/nothing')).status).toBe(404)
})

test('tools run for the worker whose token it is, and what they refuse is told to the model', async () => {
  await using boards = await openTestBoards()
  const { api } = openWorkerApi(boards)
  const worker = workerOf(api, await claimTask(boards))
  const { tools } = (await (await worker.get('/tools')).json()) as { tools: { name: string }[] }
  expect(tools.map(({ name }) => name)).toContain('kanban_complete')
  expect((await worker.post('/tools/kanban_comment', { task_id: 1, body: 'halfway' })).status).toBe(200)
  expect(await boards.storesOf('default').comments.latest(1, 9)).toMatchObject([{ author: `worker:${worker.claim.runId}`, body: 'halfway' }])
  expect(await worker.post('/tools/kanban_show', { task_id: 99 })).toMatchObject({ status: 404, body: { error: { code: 'TASK_NOT_FOUND' } } })
  expect((await worker.post('/tools/kanban_complete', { summary: 'by tool' })).body).toMatchObject({ result: { state: 'done' } })
})

/** Reads a stream of wishes event by event. */
async function* wishesIn(response: Response) {
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      yield { id: field('id'), event: field('event'), data: JSON.parse(field('data')!) }
    }
  }
}

test('a worker hears what is said to it, what others say about its task and what is wanted, and goes on where it stopped', async () => {
  await using boards = await openTestBoards()
  const { api } = openWorkerApi(boards)
  const { claims, comments, tasks } = boards.storesOf('default')
  const worker = workerOf(api, await claimTask(boards))
  const { runId } = worker.claim
  await claimTask(boards)
  await claims.steer(runId, 'use the blue one', 'user:anna')
  const first = wishesIn(await worker.get('/run/wishes'))
  const next = async (stream: ReturnType<typeof wishesIn>) => (await within(5_000, 'a wish', stream.next())).value!
  const steer = await next(first)
  expect(steer).toMatchObject({ event: 'steer', data: { type: 'steer', author: 'user:anna', text: 'use the blue one' } })
  await comments.add(2, { body: 'on another task', author: 'user:anna' })
  await comments.add(1, { body: 'my own', author: `worker:${runId}`, runId })
  await comments.add(1, { body: 'of somebody else', author: 'user:bob' })
  expect((await next(first)).data).toMatchObject({ type: 'comment', author: 'user:bob', text: 'of somebody else' })
  await first.return(undefined)
  await claims.wish({ runId, wish: 'pause', reason: 'lunch', actor: 'user:anna' })
  const second = wishesIn(await worker.get('/run/wishes', { 'Last-Event-ID': steer.id! }))
  expect([(await next(second)).data.type, (await next(second)).data]).toEqual(['comment', { type: 'wish', wish: 'pause', reason: 'lunch' }])
  expect((await claims.steering(runId))[0]!.takenAt).not.toBeNull()
  await tasks.block(1, { kind: 'needs_input', reason: 'stop here' }, { actor: 'user:anna' })
  expect(await next(second)).toEqual({ id: undefined, event: 'fenced', data: { type: 'fenced' } })
  expect((await second.next()).done).toBe(true)
})

test('however many workers listen, a board is followed once, and those that have no news ask nothing', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  const stop = new AbortController()
  const { api } = openWorkerApi(boards, { storesOf: () => stores, signal: stop.signal })
  const changes = vi.spyOn(stores.board, 'changes')
  const claimed = await Promise.all(Array.from({ length: 20 }, () => claimTask(boards)))
  const streams = await Promise.all(claimed.map(async (one) => wishesIn(await workerOf(api, one).get('/run/wishes'))))
  const since = vi.spyOn(stores.events, 'since')
  const heard = streams.map((stream) => stream.next())
  await until('all have looked', 5_000, () => changes.mock.calls.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  since.mockClear()
  await stores.claims.steer(claimed[3]!.claim.runId, 'you', 'user:anna')
  expect((await within(5_000, 'a word', heard[3]!)).value).toMatchObject({ event: 'steer' })
  expect(changes).toHaveBeenCalledTimes(1)
  const asked = since.mock.calls.map(([query]) => query.taskNumber).filter((number) => number !== undefined)
  expect(new Set(asked)).toEqual(new Set([claimed[3]!.claim.taskNumber]))
  stop.abort('over')
  await within(5_000, 'all streams end', Promise.all(streams.map((stream) => stream.next())))
})

test('over the socket a stream that its worker leaves is left, and the server stops without waiting for it', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  const stop = new AbortController()
  const { api } = openWorkerApi(boards, { storesOf: () => stores, signal: stop.signal })
  const socketPath = join(boards.home, 's')
  const server = await startHttpServer({ socket: socketPath, fetch: api.fetch, log: silentLog, onDraining: () => stop.abort('stopping') })
  const { claim, token } = await claimTask(boards)
  const changes = vi.spyOn(stores.board, 'changes')
  const open = async () => {
    const asked = request({ socketPath, path: '/run/wishes', headers: { Authorization: `Bearer ${token}` } }).end()
    const [response] = await once(asked, 'response')
    return response
  }
  const left = await open()
  await until('it is followed', 5_000, () => changes.mock.calls.length === 1)
  left.destroy()
  await until('nobody follows', 5_000, () => changes.mock.calls[0]![0].aborted)
  const kept = await open()
  await stores.claims.steer(claim.runId, 'hello', 'user:anna')
  const [chunk] = await within(5_000, 'a word', once(kept, 'data'))
  expect(String(chunk)).toContain('hello')
  kept.resume()
  await within(3_000, 'the server ends', Promise.resolve(server[Symbol.asyncDispose]()))
})
