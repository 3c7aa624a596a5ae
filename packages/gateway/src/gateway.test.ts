import { createId, systemClock } from '@talaria/core'
import { FakeClock, until, within } from '@talaria/core/testing'
import { DatabaseError } from '@talaria/db'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import type { Json } from '../test/api-client.ts'
import { refusing } from '../test/changed-store.ts'
import { startTestGateway, type TestGateway } from '../test/start-test-gateway.ts'
import { TestAgent } from '../test/test-agent.ts'

checkForLeaks()

const ALL = { all: true } as const

test('building a gateway opens nothing; only its start does', async () => {
  await using t = await startTestGateway({ isIdle: true })
  expect(t.databases.stats()).toMatchObject({ databases: 0, connections: 0 })
  expect(t.gateway.status).toMatchObject({ status: 'starting', platforms: [{ state: 'stopped' }] })
  await t.gateway.start()
  expect(t.gateway.status).toMatchObject({ status: 'running', platforms: [{ state: 'connected' }] })
  expect(t.databases.stats()).toMatchObject({ databases: 1, connections: 2 })
})

test('a gateway that ends is not known as a runner any more, and takes no work; ending it twice is ending it once', async () => {
  await using t = await startTestGateway()
  expect(await t.stores.runners.list()).toHaveLength(1)
  await t.gateway[Symbol.asyncDispose]()
  await t.gateway[Symbol.asyncDispose]()
  expect(await t.stores.runners.list()).toEqual([])
  expect(t.gateway.status).toMatchObject({ status: 'draining', platforms: [{ state: 'stopped' }] })
  expect((await t.api.get('/v1/models')).status).toBe(503)
  expect((await t.api.get('/health')).status).toBe(200)
})

test('what an earlier gateway left under way is settled at the start of the next', async () => {
  await using home = await startTestGateway({ isIdle: true })
  const runner = createId('runner')
  await home.stores.runners.register({ id: runner, host: 'gone', pid: 1, processStarted: null })
  const turn = { id: createId('run'), owner: 'root', kind: 'run', model: 'talaria', status: 'running', request: {}, runner } as const
  await home.stores.turns.accept({ turn, session: { create: { id: createId('ses'), owner: 'root', source: 'api' } }, messages: [] })
  const clock = { ...systemClock, now: () => systemClock.now() + 60_000 }
  await using t = await startTestGateway({ beside: home, clock })
  await until('it is settled', 3_000, async () => (await t.api.json(t.api.get(`/v1/runs/${turn.id}`))).status === 'interrupted')
})

test('a long run is not taken for one that an earlier gateway left behind', async () => {
  const clock = new FakeClock()
  await using t = await startTestGateway({ agent: new TestAgent(), clock })
  const { run_id: id } = await t.api.json(t.api.post('/v1/runs', { input: 'Hello' }))
  const run = await t.agent.next()
  for (let minute = 0; minute < 10; minute++) await clock.advance(60_000)
  expect((await t.api.json(t.api.get(`/v1/runs/${id}`))).status).toBe('running')
  run.say('Done').finish()
  await until('it is over', 3_000, async () => {
    await clock.advance(20)
    return (await t.stores.turns.get(id, ALL))!.status === 'completed'
  })
})

test('the loops of a gateway look after search and retention, and end with it', async () => {
  const clock = new FakeClock()
  const t = await startTestGateway({ clock, env: { TALARIA_SESSIONS_KEPT: '1m' } })
  try {
    const { session } = await t.api.json(t.api.post('/api/sessions', {}))
    await t.stores.sessions.append(session.id, ALL, [{ id: createId('msg'), role: 'user', content: 'needle' }])
    await clock.advance(1_000)
    await until('the words are found', 3_000, async () => (await t.stores.sessions.search(ALL, { query: 'needle', limit: 1, order: 'newest' })).length === 1)
    await clock.advance(11 * 60_000)
    await until('the session is gone', 3_000, async () => (await t.stores.sessions.get(session.id, ALL)) === undefined)
  } finally {
    await t[Symbol.asyncDispose]()
  }
  expect(clock.sleeping).toBe(0)
})

test('a gateway that cannot register yet refuses runs until it can, so that none is lost should it die', async () => {
  let isFull = true
  await using t = await startTestGateway({
    between: (stores) => ({ ...stores, runners: refusing(stores.runners, 'register', () => (isFull ? new DatabaseError('DISK_FULL', 'full') : undefined)) }),
  })
  const refused = await t.api.post('/v1/runs', { input: 'Hello' })
  expect([refused.status, refused.headers.get('retry-after'), ((await refused.json()) as Json).error.code]).toEqual([503, '5', 'storage_unavailable'])
  expect((await t.api.get('/v1/models')).status).toBe(200)
  isFull = false
  expect((await t.api.post('/v1/runs', { input: 'Hello' })).status).toBe(202)
})

test('ending does not fail because the database takes nothing down', async () => {
  const t = await startTestGateway({
    between: (stores) => ({ ...stores, runners: refusing(stores.runners, 'remove', () => new DatabaseError('DISK_FULL', 'full')) }),
  })
  await expect(within(5_000, 'the end', Promise.resolve(t[Symbol.asyncDispose]()))).resolves.toBeUndefined()
})

async function deep(t: TestGateway): Promise<{ status: number; checks: Record<string, string> }> {
  const response = await t.api.get('/health/deep')
  const { checks } = (await response.json()) as { checks: { name: string; status: string }[] }
  return { status: response.status, checks: Object.fromEntries(checks.map(({ name, status }) => [name, status])) }
}

/** @see I-4: health stays green while every request fails */
test('health is not green when the product is unusable', async () => {
  const broken = new Set<string>()
  const refusal = (what: string) => () => (broken.has(what) ? new DatabaseError('IO', `${what} is broken`) : undefined)
  await using t = await startTestGateway({
    between: (stores) => ({
      ...stores,
      sessions: refusing(stores.sessions, 'list', refusal('session store')),
      runners: refusing(stores.runners, 'heartbeat', refusal('write')),
    }),
  })
  expect(await deep(t)).toMatchObject({ status: 200, checks: { 'session store': 'ok', write: 'ok' } })
  for (const what of ['session store', 'write']) {
    broken.clear()
    broken.add(what)
    expect(await deep(t)).toMatchObject({ status: 503, checks: { [what]: 'failed' } })
    expect((await t.api.get('/health')).status).toBe(200)
  }
  broken.clear()
  await t.stores.runners.remove((await t.stores.runners.list())[0]!.id)
  expect(await deep(t)).toMatchObject({ status: 200, checks: { write: 'degraded' } })
})

test('what the database refuses is 503 with what it means, and no path and no statement', async () => {
  const codes = ['BUSY', 'CORRUPT', 'DISK_FULL', 'IO', 'READ_ONLY', 'REPLACED', 'CLAIM_LOST'] as const
  let code: (typeof codes)[number] = 'BUSY'
  await using t = await startTestGateway({
    between: (stores) => ({
      ...stores,
      sessions: refusing(stores.sessions, 'list', () => new DatabaseError(code, '/secret/gateway.db: select * from session')),
    }),
  })
  const messages = new Set<string>()
  for (code of codes) {
    const response = await t.api.get('/api/sessions')
    const { error } = (await response.json()) as Json
    expect([response.status, error.code, response.headers.get('retry-after')]).toEqual([503, 'storage_unavailable', '5'])
    expect(error.message).not.toMatch(/secret|select/)
    messages.add(error.message)
  }
  expect(messages.size).toBe(codes.length)
})
