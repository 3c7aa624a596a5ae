import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLog, systemClock as clock } from '@talaria/core'
import { until, within } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { openWorkerSite, type WorkerSite } from '../../test/worker-site.ts'
import { runWorker } from './run-worker.ts'

type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => void

/** A service that does the work as `answer` says. */
async function openService(answer: Answer) {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.once('end', () => answer(request, body, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/work`
  return {
    url,
    connections: () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count))),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function startCall(site: WorkerSite, url: string) {
  const { claim, token } = await site.claim({ title: 'Call' }, { executor: 'http', url, headers: { authorization: 'Bearer for-the-service' } })
  const signal = new AbortController().signal
  return { claim, outcome: runWorker({ socket: site.socket, token, pid: process.pid, env: {}, agent: {}, signal, clock, log: silentLog }) }
}

test('a service gets the task and says how it ended', async () => {
  const seen: { body?: { task: { title: string }; context: string }; authorization?: string | undefined } = {}
  await using service = await openService((request, body, response) => {
    seen.body = JSON.parse(body) as NonNullable<(typeof seen)['body']>
    seen.authorization = request.headers.authorization
    response.end(JSON.stringify({ status: 'complete', summary: 'Called.', result: 'long', verdict: 'failure' }))
  })
  await using site = await openWorkerSite()
  const { claim, outcome } = await startCall(site, service.url)
  expect(await outcome).toBe('said')
  expect(seen).toMatchObject({ body: { task: { title: 'Call' } }, authorization: 'Bearer for-the-service' })
  expect(seen.body?.context).toContain('Call')
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', verdict: 'failure', summary: 'Called.', result: 'long' })
  await until('its connection is closed', 2_000, async () => (await service.connections()) === 0)
})

test.each([
  [429, { 'retry-after': '120' }, '', { class: 'rate_limit', code: 'http_429' }],
  [500, {}, 'oh no', { class: 'crash', code: 'http_500', message: 'The service answered with 500: oh no' }],
  [404, {}, '', { class: 'task', code: 'http_404' }],
  [200, {}, 'hello', { class: 'protocol', code: 'no_result' }],
])('an answer of %i %o is a failure that says so', async (status, headers, text, failure) => {
  await using service = await openService((_request, _body, response) => response.writeHead(status, headers).end(text))
  await using site = await openWorkerSite()
  await (
    await startCall(site, service.url)
  ).outcome
  expect(site.failures).toMatchObject([failure])
  if (status === 429) expect(site.failures[0]!.retryAt! - Date.now()).toBeGreaterThan(110_000)
})

test('a service that nobody answers for is this host’s or its network’s affair', async () => {
  await using site = await openWorkerSite()
  await (
    await startCall(site, 'http://127.0.0.1:9/work')
  ).outcome
  expect(site.failures).toMatchObject([{ class: 'infrastructure', code: 'ECONNREFUSED' }])
})

test('a call ends when the claim is lost, and its connection with it', async () => {
  await using service = await openService(() => {})
  await using site = await openWorkerSite()
  const { claim, outcome } = await startCall(site, service.url)
  await until('it is called', 3_000, async () => (await service.connections()) === 1)
  await site.stores.tasks.release(claim.taskNumber, { actor: 'user:anna' })
  expect(await within(1_000, 'the worker ends', outcome)).toBe('lost')
  await until('its connection is closed', 2_000, async () => (await service.connections()) === 0)
})
