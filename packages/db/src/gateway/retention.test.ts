import { systemClock } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { chatAt, inboundNamed, outboundNamed } from '../testing/chat-records.ts'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { damageSearchIndex } from '../testing/damage-search-index.ts'
import { acceptance, eventsOf, item, message, responseNamed, sessionNamed, settlement, turnNamed } from '../testing/gateway-records.ts'
import { openTestDatabases, type TestDatabases } from '../testing/open-test-databases.ts'
import { countOf, rowsOf } from '../testing/rows-of.ts'
import type { NewResponse, Viewer } from './records.ts'

checkForLeaks()

const DAY_MS = 24 * 60 * 60_000
const me: Viewer = { owner: 'me' }
const keep = { sessionsMs: undefined, runsMs: undefined }

test('by default sessions, messages, turns and events are kept for ever', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { turns, retention } = test.databases.gateway
  await turns.accept(acceptance('run_1'))
  await turns.settle('run_1', 'runner_1', settlement('done', { events: eventsOf('run_1', 1, 3) }))
  await clock.advance(3_650 * DAY_MS)
  expect(await retention.sweep(keep)).toBe(0)
  expect(['session', 'message', 'turn', 'turn_event'].map((table) => countOf(test.file, table))).toEqual([1, 2, 1, 3])
})

test('a session that was deleted vanishes with its messages, what the index knows of them, its turns and their events, the routes to it, and nothing else', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { sessions, turns, routes, searchIndex, retention } = test.databases.gateway
  for (const id of ['gone', 'kept']) {
    await turns.accept(acceptance(`run_${id}`, { session: { create: sessionNamed(id) } }))
    await turns.settle(`run_${id}`, 'runner_1', settlement('done', { events: eventsOf(`run_${id}`, 1, 450) }))
    for (let i = 0; i < 3; i++)
      await sessions.append(
        id,
        me,
        Array.from({ length: 150 }, (_, n) => message(`needle ${i} ${n}`)),
      )
  }
  for (const id of ['gone', 'kept']) await routes.point(`key of ${id}`, { address: chatAt('chat'), sessionId: id })
  await routes.point('key of one that has not begun', { address: chatAt('chat'), sessionId: 'new' })
  await searchIndex.catchUp()
  await sessions.delete('gone', me)
  const { commits } = test.databases.stats()
  await retention.sweep(keep)
  expect(countOf(test.file, 'message'), 'a fork may be under way for an hour').toBe(904)
  await clock.advance(60 * 60_000 + 1)
  await retention.sweep(keep)
  expect(['session', 'message', 'message_fts_docsize', 'turn', 'turn_event'].map((table) => countOf(test.file, table))).toEqual([1, 452, 452, 1, 450])
  expect(rowsOf(test.file, 'select distinct session_id from message')).toEqual([{ session_id: 'kept' }])
  expect(rowsOf(test.file, 'select session_id from route order by session_id')).toEqual([{ session_id: 'kept' }, { session_id: 'new' }])
  expect(await sessions.search(me, { query: 'needle', limit: 1_000 })).toHaveLength(450)
  expect(test.databases.stats().commits - commits, 'in steps').toBeGreaterThan(5)
})

test('old sessions go when a time is set, unless they are pinned or something happened in them since', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { sessions, turns, responses, retention } = test.databases.gateway
  for (const id of ['old', 'archived', 'hidden', 'pinned', 'active'])
    await turns.accept(acceptance(`run_${id}`, { session: { create: sessionNamed(id) }, response: responseNamed(`resp_${id}`) }))
  await sessions.update('archived', me, { archived: true })
  await sessions.update('hidden', me, { hidden: true })
  await sessions.update('pinned', me, { pinned: true })
  await clock.advance(20 * DAY_MS)
  await sessions.append('active', me, [message('news')])
  await clock.advance(15 * DAY_MS)
  await retention.sweep({ ...keep, sessionsMs: 30 * DAY_MS })
  const left = async () => (await sessions.list({ all: true }, { limit: 10 })).map(({ id }) => id)
  expect(await left()).toEqual(['pinned', 'active'])
  expect(await responses.get('resp_old', me)).toBeUndefined()
  expect(await responses.get('resp_active', me)).toBeDefined()
  await clock.advance(2 * 60 * 60_000)
  await retention.sweep({ ...keep, sessionsMs: 30 * DAY_MS })
  expect(countOf(test.file, 'session')).toBe(2)
})

test('old turns go with their events when a time is set; their messages stay, and so do turns that have not ended', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { turns, sessions, retention } = test.databases.gateway
  // More that never end than one step looks at, all of them older.
  for (let i = 0; i < 250; i++) await turns.accept(acceptance(`run_0${String(i).padStart(3, '0')}`, { messages: [] }))
  for (const id of ['run_1', 'run_2', 'run_3']) {
    await turns.accept(acceptance(id))
    await turns.settle(id, 'runner_1', settlement('done', { events: eventsOf(id, 1, 150) }))
  }
  await clock.advance(8 * DAY_MS)
  await turns.accept(acceptance('run_4'))
  await turns.settle('run_4', 'runner_1', settlement('done', { events: eventsOf('run_4', 1, 5) }))
  expect(await retention.sweep({ ...keep, runsMs: 7 * DAY_MS })).toBe(3 * 151)
  expect(await turns.get('run_3', me)).toBeUndefined()
  expect(await turns.get('run_4', me)).toBeDefined()
  expect(countOf(test.file, 'turn')).toBe(251)
  expect(countOf(test.file, 'turn_event')).toBe(5)
  expect(await sessions.get('ses_1', me)).toMatchObject({ messageCount: 8 })
})

test('expired idempotency keys go, others stay', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  const { idempotency, retention } = test.databases.gateway
  const claim = { scope: 's', fingerprint: 'f', claim: 'c', runner: 'r', createdAt: 0 }
  await Promise.all(Array.from({ length: 450 }, (_, i) => idempotency.claim({ ...claim, key: `old ${i}`, expiresAt: 100 })))
  await idempotency.claim({ ...claim, key: 'young', expiresAt: 101 })
  await clock.advance(100)
  expect(await retention.sweep(keep)).toBe(450)
  expect(rowsOf(test.file, 'select key from idempotency_key')).toEqual([{ key: 'young' }])
})

test('a conversation that was deleted goes with its items, in steps', async () => {
  await using test = openTestDatabases()
  const { conversations, retention } = test.databases.gateway
  for (const id of ['gone', 'kept'])
    await conversations.create(
      { id, owner: 'me', metadata: {} },
      Array.from({ length: 450 }, (_, i) => item(`${id} ${i}`)),
    )
  await conversations.delete('gone', me)
  await retention.sweep(keep)
  expect(countOf(test.file, 'conversation')).toBe(1)
  expect(countOf(test.file, 'conversation_item')).toBe(450)
})

test('rows of a response stay while a descendant needs them, and go with the last one', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  const { responses, retention } = test.databases.gateway
  await ask(test, 'root', { expiresAt: 10 })
  await ask(test, 'left', { previousResponseId: 'root', expiresAt: 20 })
  await ask(test, 'right', { previousResponseId: 'root', expiresAt: 30 })
  await ask(test, 'leaf', { previousResponseId: 'right', expiresAt: 1_000 })
  const left = () => rowsOf<{ id: string }>(test.file, 'select id from response order by id').map(({ id }) => id)
  await clock.advance(30)
  expect(await retention.sweep(keep)).toBe(1)
  expect(left()).toEqual(['leaf', 'right', 'root'])
  expect((await responses.context('leaf')).map(({ id }) => id)).toEqual(['in root', 'in right', 'in leaf'])
  await responses.delete('leaf', me)
  expect(await retention.sweep(keep)).toBe(3)
  expect(left()).toEqual([])
})

test.for(['newest first', 'oldest first', 'all at once'] as const)('a chain of 250 responses that were deleted %s goes in a few steps', async (order) => {
  let now = 0
  await using test = openTestDatabases({ clock: { ...systemClock, now: () => ++now } })
  const { responses, sessions, retention } = test.databases.gateway
  const ids = Array.from({ length: 250 }, (_, i) => `r${i}`)
  const asked = ids.map((id, i) => ask(test, id, i > 0 ? { previousResponseId: `r${i - 1}` } : {}))
  await Promise.all(asked)
  if (order === 'all at once') await sessions.delete('ses_1', me)
  else {
    await Promise.all((order === 'newest first' ? ids.toReversed() : ids).map((id) => responses.delete(id, me)))
  }
  const { commits } = test.databases.stats()
  expect(await retention.sweep(keep)).toBe(250)
  expect(countOf(test.file, 'response')).toBe(0)
  expect(test.databases.stats().commits - commits).toBeLessThan(20)
})

test('an expired chain whose end is young is looked through in steps, and stays', async () => {
  const clock = new FakeClock(0)
  await using test = openTestDatabases({ clock })
  await Promise.all(
    Array.from({ length: 500 }, (_, i) => ask(test, `r${i}`, { expiresAt: i === 499 ? 1_000 : 10, ...(i > 0 && { previousResponseId: `r${i - 1}` }) })),
  )
  await clock.advance(100)
  expect(await test.databases.gateway.retention.sweep(keep)).toBe(0)
  expect(countOf(test.file, 'response')).toBe(500)
})

test('a message that came in is known for a week after its end, and for ever while it is not answered', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { inbound, retention } = test.databases.gateway
  await Promise.all(Array.from({ length: 450 }, (_, i) => inbound.accept(inboundNamed(`in_${i}`, { state: 'done' }))))
  await inbound.accept(inboundNamed('in_waiting'))
  await clock.advance(7 * DAY_MS)
  expect(await retention.sweep(keep)).toBe(0)
  expect(await inbound.accept(inboundNamed('in_again', { messageId: 'in_7' }))).toMatchObject({ status: 'duplicate' })
  await inbound.accept(inboundNamed('in_late', { state: 'done' }))
  await clock.advance(1)
  const { commits } = test.databases.stats()
  expect(await retention.sweep(keep)).toBe(450)
  expect(test.databases.stats().commits - commits, 'in steps').toBeGreaterThan(3)
  expect(rowsOf(test.file, 'select id from inbound order by position')).toEqual([{ id: 'in_waiting' }, { id: 'in_late' }])
})

test('the outbox keeps what was sent or given up for a month, and what is to be sent until it is', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { outbound, retention } = test.databases.gateway
  for (const id of ['sent', 'dead', 'pending']) await outbound.add([outboundNamed(id, { address: chatAt(id) })])
  await outbound.claimDue('telegram', 'runner_1', 10)
  await outbound.sent('sent', 'runner_1', { messageId: '1' })
  await outbound.dead('dead', 'runner_1', { code: 'rejected', error: 'no' })
  await outbound.retry('pending', 'runner_1', { code: 'network', error: 'no', at: 0 })
  await clock.advance(30 * DAY_MS)
  expect(await retention.sweep(keep)).toBe(0)
  await clock.advance(1)
  expect(await retention.sweep(keep)).toBe(2)
  expect(rowsOf(test.file, 'select id from outbound')).toEqual([{ id: 'pending' }])
})

test('what waits a month for a chat that takes nothing goes to the dead letters, and a month later for good', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { outbound, chats, retention } = test.databases.gateway
  await chats.park(chatAt('chat'), 'forbidden', 'blocked')
  await outbound.add([outboundNamed('out_1'), outboundNamed('out_2')])
  await clock.advance(30 * DAY_MS + 1)
  await outbound.add([outboundNamed('out_3')])
  expect(await retention.sweep(keep)).toBe(2)
  expect(await outbound.counts()).toMatchObject([
    { state: 'dead', count: 2 },
    { state: 'parked', count: 1 },
  ])
  await clock.advance(30 * DAY_MS + 1)
  await retention.sweep(keep)
  expect(rowsOf(test.file, 'select id, state from outbound')).toEqual([{ id: 'out_3', state: 'dead' }])
})

test('of a platform the last month is kept, and how it is doing now for ever', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { platforms, retention } = test.databases.gateway
  const record = (state: 'connecting' | 'connected') => platforms.record('telegram', { state, reason: null, nextAttemptAt: null })
  await record('connecting')
  await clock.advance(15 * DAY_MS)
  await record('connected')
  await clock.advance(15 * DAY_MS + 1)
  expect(await retention.sweep(keep)).toBe(1)
  expect(await platforms.history('telegram', { limit: 10 })).toMatchObject([{ state: 'connected' }])
  await clock.advance(365 * DAY_MS)
  await retention.sweep(keep)
  expect(await platforms.history('telegram', { limit: 10 })).toEqual([])
  expect(await platforms.latest()).toMatchObject([{ state: 'connected' }])
})

test('a request to be paired goes an hour after it expired; who is paired stays', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { pairing, retention } = test.databases.gateway
  const asks = (userId: string) =>
    pairing.request({ platform: 'telegram', userId, userName: null, codeHash: userId, salt: 's', expiresAt: clock.now() + 1_000 })
  await asks('ada')
  await asks('bob')
  await pairing.approve('telegram', ({ userId }) => userId === 'ada')
  await clock.advance(3_600_000 + 1_000)
  expect(await retention.sweep(keep)).toBe(0)
  await clock.advance(1)
  await asks('eve')
  expect(await retention.sweep(keep)).toBe(1)
  expect(rowsOf(test.file, 'select user_id from pairing_request')).toEqual([{ user_id: 'eve' }])
  await clock.advance(3_650 * DAY_MS)
  await retention.sweep(keep)
  expect(await pairing.isPaired('telegram', 'ada')).toBe(true)
})

test('a sweep stops when it is told to', async () => {
  await using test = openTestDatabases()
  const { conversations, retention } = test.databases.gateway
  await conversations.create({ id: 'gone', owner: 'me', metadata: {} })
  await conversations.delete('gone', me)
  expect(await retention.sweep(keep, AbortSignal.abort())).toBe(0)
  expect(countOf(test.file, 'conversation')).toBe(1)
})

test('a damaged search index does not keep what is to go', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { sessions, searchIndex, retention } = test.databases.gateway
  await sessions.create(sessionNamed('gone'))
  await sessions.create(sessionNamed('kept'))
  for (const id of ['gone', 'kept']) await sessions.append(id, me, [message(`needle ${id}`)])
  await searchIndex.catchUp()
  await sessions.delete('gone', me)
  await clock.advance(2 * 60 * 60_000)
  await damageSearchIndex(test.file)
  await retention.sweep(keep)
  expect(countOf(test.file, 'session')).toBe(1)
  await searchIndex.catchUp()
  expect(await sessions.search(me, { query: 'needle', limit: 10 })).toHaveLength(1)
})

/** A full scan of 100,000 sessions would hold up the event loop for tens of milliseconds. */
test('every step finds its rows by an index', async () => {
  await using test = openTestDatabases()
  await test.databases.gateway.sessions.exists('x')
  const plan = (sql: string) =>
    rowsOf<{ detail: string }>(test.file, `explain query plan ${sql}`)
      .map(({ detail }) => detail)
      .join('; ')
  const plans = [
    plan('select id from session where deleted_at is null and archived in (0, 1) and hidden in (0, 1) and pinned = 0 and updated_at < 5 limit 200'),
    plan('select id from session where deleted_at < 5 limit 1'),
    plan('select id, rowid, expires_at from response where expires_at <= 5 and (expires_at, rowid) < (4, 4) order by expires_at desc, rowid desc limit 200'),
    plan('select id, rowid, deleted_at from response where deleted_at <= 5 and (deleted_at, rowid) < (4, 4) order by deleted_at desc, rowid desc limit 200'),
    plan("select id from turn where id > 'x' and created_at < 5 order by id limit 200"),
    plan('select scope, key from idempotency_key where expires_at <= 5 limit 200'),
    plan('select position from inbound where finished_at < 5 limit 200'),
    plan('select position from outbound where ended_at < 5 limit 200'),
    plan("select position from outbound where state = 'parked' and created_at < 5 limit 200"),
    plan('select position from platform_transition where at < 5 limit 200'),
    plan('select platform, user_id from pairing_request where expires_at < 5 limit 200'),
  ]
  for (const each of plans) expect(each).toMatch(/^SEARCH \w+ USING (COVERING )?(INDEX|PRIMARY KEY)[^;]*$/)
})

async function ask({ databases }: TestDatabases, id: string, changes: Partial<NewResponse> = {}): Promise<void> {
  await databases.gateway.turns.accept(acceptance(`run_${id}`, { turn: turnNamed(`run_${id}`), messages: [], response: responseNamed(id, changes) }))
}
