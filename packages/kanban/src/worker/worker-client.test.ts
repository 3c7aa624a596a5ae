import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog as log, systemClock as clock } from '@talaria/core'
import { startHttpServer } from '@talaria/core/http'
import { until } from '@talaria/core/testing'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { expect, test } from 'vitest'
import { boardTools } from './board-tools.ts'
import { PauseGate } from './pause-gate.ts'
import { Transcript } from './transcript.ts'
import { WorkerClient } from './worker-client.ts'

const forever = new AbortController().signal

/** A client, and a dispatcher that answers as `app` does. */
async function openPair(app: Hono) {
  const socket = join(mkdtempSync(join(tmpdir(), 'tc-')), 's')
  const server = await startHttpServer({ socket, fetch: (request) => app.fetch(request), log, graceMs: 10 })
  const client = new WorkerClient({ socket, token: 't', clock, log })
  return {
    client,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** A dispatcher that calls the attempt over, and answers its end only then. */
const fencing = () =>
  new Hono()
    .get('/run/wishes', (c) => streamSSE(c, async (stream) => stream.writeSSE({ data: '{"type":"fenced"}' })))
    .post('/run/complete', async (c) => {
      await sleep(200)
      return c.json({ state: 'done' })
    })

async function listen(client: WorkerClient, signal: AbortSignal): Promise<void> {
  for await (const event of client.wishes(signal)) expect(event).toBeDefined()
}

test('an attempt that is called over before its own end is answered has ended, and is not lost', async () => {
  await using pair = await openPair(fencing())
  const { client } = pair
  const over = new AbortController()
  const ending = client.end({ as: 'complete', body: { summary: 'x' } }, forever)
  const listening = listen(client, over.signal).catch(() => {})
  expect(await ending).toEqual({ state: 'done' })
  expect(client.lost.aborted).toBe(false)
  over.abort()
  await listening
})

test('an attempt that is called over while nobody ends it is lost', async () => {
  await using pair = await openPair(fencing())
  await listen(pair.client, forever)
  expect(pair.client.lost.reason).toMatchObject({ code: 'CLAIM_LOST' })
})

test('a task that is made again because nobody answered has the key of the first time', async () => {
  const keys: unknown[] = []
  const app = new Hono()
    .get('/tools', (c) => c.json({ tools: [{ name: 'kanban_create', description: '', parameters: { type: 'object' } }] }))
    .post('/tools/kanban_create', async (c) => {
      keys.push((await c.req.json<{ idempotency_key: unknown }>()).idempotency_key)
      return keys.length === 1 ? c.text('', 503) : c.json({ result: { task: 2 } })
    })
  await using pair = await openPair(app)
  const { client } = pair
  const context = {
    client,
    gate: new PauseGate(),
    signal: forever,
    run: { runId: 'run_1' },
    transcript: new Transcript({ client, clock, log }),
    settle: async () => {},
  }
  const { tools } = await boardTools(context as unknown as Parameters<typeof boardTools>[0], async () => undefined)
  expect(await tools[0]!.run({ title: 'Once' }, { sessionId: 'ses_1', signal: forever, progress: () => {} })).toBe('{"task":2}')
  expect(keys).toEqual(['run_1:1', 'run_1:1'])
})

test('a transcript arrives whole and in order: what is long in pieces, what comes meanwhile afterwards', async () => {
  const entries: { seq: number; body: string }[] = []
  const app = new Hono().post('/run/transcript', async (c) => {
    entries.push(...(await c.req.json<{ entries: { seq: number; body: string }[] }>()).entries)
    await sleep(50)
    return c.json({ ok: true })
  })
  await using pair = await openPair(app)
  const transcript = new Transcript({ client: pair.client, clock, log })
  const long = Array.from({ length: 20_000 }, (_, index) => `word${index}`).join(' ')
  transcript.add('stdout', long)
  await until('the first part is being sent', 2_000, () => entries.length > 0)
  transcript.add('stdout', ' and the end')
  await transcript.flush(forever)
  expect(entries.map(({ body }) => body).join('')).toBe(`${long} and the end`)
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1))
})
