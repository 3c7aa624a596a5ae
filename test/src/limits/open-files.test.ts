import { connect } from 'node:net'
import { handlesReportSchema } from '@talaria/core/contracts'
import { until } from '@talaria/core/testing'
import { FILES_PER_DATABASE } from '@talaria/db'
import { expect, test } from 'vitest'
import { checkStream } from '../conformance/open-responses/check-stream.ts'
import { ApiClient } from '../testing/api-client.ts'
import { startGateway } from '../testing/gateway.ts'
import { MIXED_REQUESTS } from '../testing/mixed-requests.ts'
import { openOf, quietOpenOf } from '../testing/open-of.ts'
import { Random } from '../testing/random.ts'
import type { SseFrame } from '../testing/sse-frames.ts'
import { useGateway } from '../testing/use-gateway.ts'

/** @see hermes-agent #36111, #30799, hermes-webui #1494: counts that grew with every request, poll and tick, seen by nobody (I-1, I-3 to I-5). */

const REQUESTS = process.env.TALARIA_TEST_FULL ? 10_000 : 1_000
const CLIENTS = 8

const shared = useGateway()

test('/handles accounts for every descriptor of a database that the kernel knows of', async () => {
  const { api, process, home } = shared.gateway
  expect((await api.post('/v1/responses', { input: 'Hello' })).status).toBe(200)
  const { handles, descriptors, expectedDatabaseDescriptors, pid } = handlesReportSchema.parse((await api.get('/handles')).json)
  expect(pid).toBe(process.pid)
  const files = new Set(handles.map(({ file }) => file))
  const open = process.descriptors().filter((target) => target.startsWith(home))
  expect(open.filter((target) => !files.has(target.replace(/-(wal|shm)$/, '')))).toEqual([])
  expect(handles.map(({ role }) => role).toSorted()).toEqual(['reader', 'writer'])
  expect(descriptors.classes!.database).toBe(open.length)
  expect(open.length).toBe(FILES_PER_DATABASE * files.size)
  expect(expectedDatabaseDescriptors).toBeGreaterThanOrEqual(open.length)
  const { socket, pipe, file, other } = openOf(shared.gateway)
  expect(descriptors.classes).toMatchObject({ socket, pipe, file, other })
})

test(`${REQUESTS} requests of every kind leave as many files open as before`, { timeout: REQUESTS * 100 }, async () => {
  const random = new Random(1)
  const run = async (count: number) => {
    using api = new ApiClient(shared.gateway.url, shared.gateway.key)
    let left = count
    const client = async () => {
      while (left-- > 0) {
        const name = random.pick(Object.keys(MIXED_REQUESTS))
        await MIXED_REQUESTS[name]!(api, random).catch((error: Error) => {
          throw new Error(`${name}: ${error.message}`, { cause: error })
        })
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
  }
  shared.gateway.api[Symbol.dispose]()
  await run(50)
  const before = await quietOpenOf(shared.gateway)
  await run(REQUESTS)
  expect(await quietOpenOf(shared.gateway)).toEqual(before)
  expect(before.database).toBe(FILES_PER_DATABASE)
})

test('with 64 files allowed a gateway starts, refuses runs before it runs out, answers /health meanwhile, and recovers', { timeout: 60_000 }, async () => {
  await using gateway = await startGateway({ under: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] })
  const { api } = gateway
  expect((await api.get('/handles')).json.descriptors.limit).toBe(64)

  // One client that was there before, and a crowd that keeps its connections busy.
  using crowd = new ApiClient(gateway.url, gateway.key)
  const accepted: Promise<readonly SseFrame[]>[] = []
  let refusals = 0
  while (refusals < 30) {
    const { status, headers, frames } = await crowd.stream('POST', '/v1/responses', { body: { input: '!stream 60 chunks every 50ms word{n} ', stream: true } })
    const all = Array.fromAsync(frames)
    if (status === 200) accepted.push(all)
    else {
      await all
      refusals++
      expect([status, headers['retry-after'], headers['connection']]).toEqual([503, '5', 'close'])
    }
    expect((await api.get('/health')).status).toBe(200)
    expect(accepted.length).toBeLessThan(40)
  }
  expect(accepted.length).toBeGreaterThan(10)
  const refused = await api.post('/v1/runs', { input: 'x' })
  expect(refused).toMatchObject({ status: 503, json: { error: { code: 'gateway_overloaded' } } })
  expect((await api.get('/health/deep')).status).toBe(503)
  expect((await api.get('/api/sessions')).status).toBe(200)

  // What was accepted goes on to its end, and then there is room again.
  for (const frames of await Promise.all(accepted)) checkStream(frames)
  crowd[Symbol.dispose]()
  await until('there is room again', 10_000, async () => (await api.post('/v1/responses', { input: '!say again' })).status === 200)
  expect(gateway.process.stderr).not.toContain('EMFILE')
  expect(await gateway.process.stop()).toBe(0)
})

test('a flood of connections uses up every file, yet who was connected is answered, runs are refused, and it recovers', { timeout: 60_000 }, async () => {
  await using gateway = await startGateway({ under: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] })
  const { api } = gateway
  const created = await api.post('/v1/responses', { input: '!say before' })
  const flood = Array.from({ length: 100 }, () => connect(Number(new URL(gateway.url).port), '127.0.0.1').on('error', () => {}))
  await until('nothing more can be opened', 10_000, () => gateway.process.descriptors().length >= 63)
  for (let times = 0; times < 20; times++) {
    expect((await api.get('/health')).status).toBe(200)
    expect((await api.get(`/v1/responses/${created.json.id}`)).status).toBe(200)
  }
  // Counted every two seconds, and before that after a few more admissions.
  await until('new runs are refused', 10_000, async () => (await api.post('/v1/runs', { input: 'x' }).catch(() => undefined))?.status === 503)
  for (const socket of flood) socket.destroy()
  await until('there is room again', 20_000, async () => (await api.post('/v1/responses', { input: '!say after' }).catch(() => undefined))?.status === 200)
  expect(await gateway.process.stop()).toBe(0)
})
