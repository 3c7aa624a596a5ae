import { until } from '@talaria/core/testing'
import { temporaryHome } from '@talaria/db/testing'
import { describe, expect, test } from 'vitest'
import { audit } from '../crash/audit.ts'
import { Ledger } from '../crash/ledger.ts'
import { OPERATIONS } from '../crash/operations.ts'
import { startGateway, type Gateway } from '../testing/gateway.ts'
import { Random } from '../testing/random.ts'
import type { SseFrame } from '../testing/sse-frames.ts'

const KEY = 'a-key-that-both-gateways-have-0123456789'
/** Recovery looks every 15 s. */
const TAKE_OVER_MS = 40_000

/** Two gateways on one home, on different ports. */
async function twoGateways() {
  await using stack = new AsyncDisposableStack()
  const home = stack.use(temporaryHome())
  const start = async () => stack.use(await startGateway({ home: home.path, key: KEY }))
  const [one, other] = [await start(), await start()]
  const owned = stack.move()
  return { one, other, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function submit({ api }: Gateway, input: string): Promise<string> {
  const { status, json } = await api.post('/v1/runs', { input })
  expect(status).toBe(202)
  return json.run_id
}

async function eventsOf({ api }: Gateway, run: string, after = 0): Promise<readonly SseFrame[]> {
  const { frames } = await api.stream('GET', `/v1/runs/${run}/events?after=${after}`)
  return (await Array.fromAsync(frames)).filter(({ data }) => data !== undefined)
}

// Each has a home of its own, and most of it is waiting.
describe.concurrent('two gateways on one home', { timeout: 90_000 }, () => {
  test('both serve under load, and nothing is lost or doubled', async () => {
    await using pair = await twoGateways()
    const ledger = new Ledger('two')
    const random = new Random(11)
    const since = Date.now()
    let done = 0
    const client = async ({ api }: Gateway) => {
      while (done++ < 40) await random.pick(OPERATIONS)(api, ledger, random)
    }
    await Promise.all([pair.one, pair.other, pair.one, pair.other, pair.one, pair.other].map(client))
    await audit(pair.one.api, ledger, since)
    await audit(pair.other.api, ledger, since)
    expect(ledger.counts.accepted).toBeGreaterThan(20)
  })

  test('each sees the runs of the other, follows them live, and cannot speak into them', async () => {
    await using pair = await twoGateways()
    const run = await submit(pair.one, '!stream 30 chunks every 20ms word{n} ')
    expect((await pair.other.api.get(`/v1/runs/${run}`)).json).toMatchObject({ id: run, status: 'running' })
    expect((await pair.other.api.post(`/v1/runs/${run}/steer`, { input: 'x' })).status).toBe(409)
    const [here, there] = await Promise.all([eventsOf(pair.one, run), eventsOf(pair.other, run)])
    expect(there).toEqual(here)
    expect(JSON.parse(here.at(-1)!.data!)).toMatchObject({ event: 'run.completed' })
    expect((await pair.other.api.get('/v1/runs')).json).toEqual((await pair.one.api.get('/v1/runs')).json)
  })

  test('a request that came to both at once under one key is done once', async () => {
    await using pair = await twoGateways()
    const request = { body: { input: '!stream 10 chunks every 10ms word{n} ' }, headers: { 'Idempotency-Key': 'once' } }
    const answers = await Promise.all([pair.one, pair.other, pair.one, pair.other].map(({ api }) => api.ask('POST', '/v1/responses', request)))
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1)
    expect((await pair.one.api.get('/v1/runs')).json.data).toHaveLength(1)
  })

  test('when one is killed the other settles its runs, once, and goes on with its own', async () => {
    await using pair = await twoGateways()
    const orphans = await Promise.all(Array.from({ length: 5 }, () => submit(pair.one, '!stream 10000 chunks every 5ms word{n} ')))
    const mine = await submit(pair.other, '!stream 10000 chunks every 5ms word{n} ')
    const followed = eventsOf(pair.other, orphans[0]!)
    await until('all of them have said something', 10_000, async () => {
      const counts = await Promise.all(orphans.map(async (run) => wordsSoFar(pair.other, run)))
      return counts.every((count) => count > 0)
    })
    pair.one.process.signal('SIGKILL')
    await pair.one.process.end()

    await until('its runs are settled', TAKE_OVER_MS, async () => {
      const runs = await Promise.all(orphans.map((run) => pair.other.api.get(`/v1/runs/${run}`)))
      return runs.every(({ json }) => json.status === 'interrupted')
    })
    for (const run of orphans) {
      const events = (await eventsOf(pair.other, run)).map(({ id, data }) => ({ id, ...(JSON.parse(data!) as { event: string; delta?: string }) }))
      expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => String(index + 1)))
      expect(events.filter(({ event }) => event.startsWith('run.')).map(({ event }) => event)).toEqual(['run.interrupted'])
      const said = events.map(({ delta }) => delta ?? '').join('')
      expect(said).toMatch(/^word1 word2 /)
      expect((await pair.other.api.get(`/v1/runs/${run}`)).json.output).toBe(said)
    }
    expect(await followed).toEqual(await eventsOf(pair.other, orphans[0]!))
    expect((await pair.other.api.get(`/v1/runs/${mine}`)).json.status).toBe('running')
    expect((await pair.other.api.post(`/v1/runs/${mine}/stop`, {})).status).toBe(200)
    const last = (await eventsOf(pair.other, mine)).at(-1)
    expect(JSON.parse(last!.data!)).toMatchObject({ event: 'run.cancelled' })
  })
})

/** How much of a run another gateway finds on disk, without following it. */
async function wordsSoFar({ api }: Gateway, run: string): Promise<number> {
  const gone = new AbortController()
  const { frames } = await api.stream('GET', `/v1/runs/${run}/events`, { signal: gone.signal })
  for await (const { data } of frames) if (data !== undefined) return 1
  return 0
}
