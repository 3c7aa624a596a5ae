import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { silentLog } from '@talaria/core'
import { startHttpServer } from '@talaria/core/http'
import { until, within } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openTestRoutes, type TestRoutes } from '../testing/test-routes.ts'

checkForLeaks()

interface Frame {
  readonly id: number
  readonly event: string
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever was said
  readonly data: any
}

/** A client of the stream that reads when it is asked to. */
class Follower implements AsyncDisposable {
  readonly response: Response
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #text = ''

  constructor(response: Response) {
    this.response = response
    this.#reader = response.body!.getReader()
  }

  static async of(t: TestRoutes, { path = '/b/events', lastId }: { readonly path?: string; readonly lastId?: number } = {}): Promise<Follower> {
    const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': String(lastId) }) }
    return new Follower(await t.app.request(`/api/boards${path}`, { headers }))
  }

  /** The next so many frames; fewer when the stream ends. */
  async frames(count: number): Promise<readonly Frame[]> {
    const frames: Frame[] = []
    while (frames.length < count) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const frame = frameIn(this.#text.slice(0, end))
        if (frame) frames.push(frame)
        this.#text = this.#text.slice(end + 2)
        continue
      }
      const { done, value } = await within(5_000, 'a frame', this.#reader.read())
      if (done) return frames
      this.#text += new TextDecoder().decode(value)
    }
    return frames
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel()
  }
}

function frameIn(text: string): Frame | undefined {
  const fields = Object.fromEntries(text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
  return fields.data === undefined ? undefined : { id: Number(fields.id), event: fields.event!, data: JSON.parse(fields.data) }
}

const idsOf = (frames: readonly Frame[]) => frames.map(({ id }) => id)

test('events come in pages, of all tasks or one, of all kinds or some', async () => {
  await using t = await openTestRoutes()
  for (const title of ['a', 'b']) await t.ok('POST', '/b/tasks', { title })
  await t.ok('POST', '/b/tasks/2/comments', { body: 'x' })
  const first = await t.ok('GET', '/b/events?limit=2')
  expect([first.events.map(({ kind }: Frame & { kind: string }) => kind), first.nextAfter, first.latest]).toEqual([['board.created', 'task.created'], 2, 4])
  expect((await t.ok('GET', '/b/events?after=2')).events.map(({ seq }: { seq: number }) => seq)).toEqual([3, 4])
  expect((await t.ok('GET', '/b/events?task=2&kinds=comment.added,task.blocked')).events).toMatchObject([{ seq: 4, actor: 'key:test' }])
  expect((await t.ok('GET', '/b/events?after=4')).nextAfter).toBe(4)
  expect(await t.refusal('GET', '/b/events?kinds=task.exploded')).toEqual([400, 'INVALID', 'kinds[0]'])
  expect(await t.refusal('GET', '/b/events?task=9')).toEqual([404, 'TASK_NOT_FOUND'])
})

test('a stream begins now, and tells each event with the card as it has become', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'before' })
  await using follower = await Follower.of(t)
  expect(follower.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(await follower.frames(1)).toEqual([{ id: 2, event: 'ready', data: { seq: 2 } }])
  await t.ok('POST', '/b/tasks/1/block', { reason: 'no key' })
  await t.ok('DELETE', '/b/tasks/1')
  const [blocked, deleted] = await follower.frames(2)
  expect(blocked).toMatchObject({ id: 3, event: 'task.blocked', data: { seq: 3, taskNumber: 1, actor: 'key:test' } })
  expect(deleted).toMatchObject({ id: 4, event: 'task.deleted', data: { card: { number: 1, deletedAt: expect.any(Number) } } })
})

test('a stream that resumes tells what came meanwhile and what comes, without a gap and without a double', async () => {
  await using t = await openTestRoutes()
  const seen: number[] = []
  let lastId = 0
  const writing = (async () => {
    for (let index = 0; index < 40; index += 1) await t.ok('POST', '/b/tasks', { title: `task ${index}` })
  })()
  while (seen.length < 41) {
    await using follower = await Follower.of(t, { lastId })
    const frames = await follower.frames(Math.min(8, 42 - seen.length))
    expect(frames[0]).toMatchObject({ event: 'ready', id: lastId })
    seen.push(...idsOf(frames.slice(1)))
    lastId = seen.at(-1)!
  }
  await writing
  expect(seen).toEqual(Array.from({ length: 41 }, (_, index) => index + 1))
})

test('while others follow, who resumes gets the same', async () => {
  await using t = await openTestRoutes()
  await using first = await Follower.of(t)
  await first.frames(1)
  for (let index = 0; index < 5; index += 1) await t.ok('POST', '/b/tasks', { title: `task ${index}` })
  const told = await first.frames(5)
  await using second = await Follower.of(t, { lastId: 3 })
  expect((await second.frames(4)).slice(1)).toEqual(told.slice(2))
  await using byQuery = await Follower.of(t, { path: '/b/events?after=5' })
  expect((await byQuery.frames(2)).slice(1)).toEqual(told.slice(4))
})

test('a stream of one task tells of no other', async () => {
  await using t = await openTestRoutes()
  for (const title of ['a', 'b']) await t.ok('POST', '/b/tasks', { title })
  await using follower = await Follower.of(t, { path: '/b/events?task=2&after=0' })
  for (const number of [1, 2, 1, 2]) await t.ok('POST', `/b/tasks/${number}/comments`, { body: 'x' })
  expect(idsOf((await follower.frames(4)).slice(1))).toEqual([3, 5, 7])
})

test('who knows of more than there is, or of too little, is told to look again, and goes on from the newest', async () => {
  await using t = await openTestRoutes()
  {
    await using ahead = await Follower.of(t, { lastId: 500 })
    expect((await ahead.frames(2))[1]).toEqual({ id: 1, event: 'skipped', data: { from: 500, to: 1 } })
  }
  await make(t, 600)
  await make(t, 450)
  await using behind = await Follower.of(t, { lastId: 0 })
  expect((await behind.frames(2))[1]).toEqual({ id: 1_051, event: 'skipped', data: { from: 0, to: 1_051 } })
  await t.ok('POST', '/b/tasks', { title: 'next' })
  expect(idsOf(await behind.frames(1))).toEqual([1_052])
})

test('who comes back for events of which some were removed since is told to look again', async () => {
  await using t = await openTestRoutes()
  for (const title of ['a', 'b', 'c']) await t.ok('POST', '/b/tasks', { title })
  await t.ok('POST', '/b/tasks/2/complete', {})
  await t.ok('POST', '/b/tasks/3/comments', { body: 'x' })
  // Everything of what has ended, however young.
  await t.storesOf('b').retention.sweep({ eventsMs: -60_000, transcriptsMs: undefined, deletedTasksMs: undefined })
  expect((await t.ok('GET', '/b/events')).events.map(({ seq }: { seq: number }) => seq)).not.toContain(3)
  await using follower = await Follower.of(t, { lastId: 1 })
  expect((await follower.frames(2))[1]).toEqual({ id: 6, event: 'skipped', data: { from: 1, to: 6 } })
  await using later = await Follower.of(t, { lastId: 5 })
  expect(idsOf((await later.frames(2)).slice(1))).toEqual([6])
})

test('a client that does not read is skipped ahead, while one that reads misses nothing', async () => {
  await using t = await openTestRoutes()
  await using slow = await Follower.of(t)
  await using quick = await Follower.of(t)
  await Promise.all([slow.frames(1), quick.frames(1)])
  const seen: number[] = []
  for (let round = 0; round < 15; round += 1) {
    await make(t, 100)
    seen.push(...idsOf(await quick.frames(100)))
  }
  expect(seen).toEqual(Array.from({ length: 1_500 }, (_, index) => index + 2))
  await t.ok('POST', '/b/tasks', { title: 'last' })
  const frames: Frame[] = []
  while (frames.at(-1)?.id !== 1_502) frames.push(...(await slow.frames(1)))
  const skipped = frames.findIndex(({ event }) => event === 'skipped')
  expect(frames[skipped]?.data.to, 'most of it').toBeGreaterThan(1_000)
  expect(frames.length, 'what was waiting, not all there was').toBeLessThan(600)
})

test('a stream says that its board was deleted, and ends', async () => {
  await using t = await openTestRoutes()
  await using follower = await Follower.of(t)
  await follower.frames(1)
  await t.ok('DELETE', '/b')
  expect((await follower.frames(10)).map(({ event }) => event)).toEqual(['deleted'])
})

test('streams end when the server stops, and when the databases close', async () => {
  for (const end of ['server', 'databases']) {
    const stopping = new AbortController()
    await using t = await openTestRoutes({ signal: stopping.signal })
    await using follower = await Follower.of(t)
    await follower.frames(1)
    if (end === 'server') stopping.abort(new Error('the server stops'))
    else await t.databases.close()
    expect(await follower.frames(1)).toEqual([])
  }
})

test('a quiet stream shows signs of life', async () => {
  await using t = await openTestRoutes({ keepAliveMs: 20 })
  const reader = (await t.app.request('/api/boards/b/events', { headers: { accept: 'text/event-stream' } })).body!.getReader()
  let text = ''
  await until('a sign of life', 5_000, async () => {
    text += new TextDecoder().decode((await reader.read()).value)
    return text.includes(': keep-alive\n\n')
  })
  await reader.cancel()
})

test('a Last-Event-ID that is none is refused', async () => {
  await using t = await openTestRoutes()
  expect(await t.refusal('GET', '/b/events', undefined, { headers: { accept: 'text/event-stream', 'last-event-id': 'x' } })).toEqual([
    400,
    'INVALID',
    'Last-Event-ID',
  ])
})

test('a change reaches a hundred clients of a real socket, who leave nothing when they go', async () => {
  const stopping = new AbortController()
  await using t = await openTestRoutes({ signal: stopping.signal })
  await using server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    settings: { host: 'KANBAN_HOST', port: 'KANBAN_PORT' },
    fetch: t.app.fetch,
    log: silentLog,
    onDraining: () => stopping.abort(new Error('the server stops')),
  })
  const clients = await Promise.all(Array.from({ length: 100 }, () => open(`${server.url}/api/boards/b/events`)))
  await Promise.all(clients.map((client) => client.has('event: ready')))
  for (let round = 0; round < 5; round += 1) {
    await t.storesOf('b').tasks.create({ title: `change ${round}` }, 'cli')
    await Promise.all(clients.map((client) => client.has(`"title":"change ${round}"`)))
  }
  for (const client of clients.slice(0, 90)) client.close()
  await until('who went is gone', 5_000, () => server.connections === 10)
  await t.storesOf('b').tasks.create({ title: 'after' }, 'cli')
  await Promise.all(clients.slice(90).map((client) => client.has('"title":"after"')))
})

/** So many tasks in one commit. */
async function make(t: TestRoutes, count: number): Promise<void> {
  const graph = Array.from({ length: count }, (_, index) => ({ task: { title: `task ${index}` }, needs: [] }))
  await t.storesOf('b').tasks.createMany(graph, 'cli')
}

async function open(url: string) {
  const request = get(url, { headers: { accept: 'text/event-stream' }, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  const waiting = new Set<() => void>()
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    for (const look of waiting) look()
  })
  return {
    has: (part: string) =>
      within(
        10_000,
        part,
        new Promise<void>((resolve) => {
          const look = () => {
            if (!text.includes(part)) return
            waiting.delete(look)
            resolve()
          }
          waiting.add(look)
          look()
        }),
      ),
    close: () => request.destroy(),
  }
}
