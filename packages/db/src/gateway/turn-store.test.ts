import { FakeClock } from '@talaria/core/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { acceptance, eventsOf, item, message, responseNamed, sessionNamed, settlement, turnNamed } from '../testing/gateway-records.ts'
import { openTestDatabases } from '../testing/open-test-databases.ts'
import { countOf } from '../testing/rows-of.ts'
import { startChild } from '../testing/start-child.ts'
import type { Viewer } from './records.ts'

checkForLeaks()

const me: Viewer = { owner: 'me' }
const root: Viewer = { all: true }

test('an accepted turn begins its session, keeps its message, and is found by its owner and its runner', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { turns, sessions } = test.databases.gateway
  const turn = await turns.accept(acceptance('run_1', { turn: turnNamed('run_1', { request: { stream: true } }) }))
  expect(turn).toEqual({
    ...turnNamed('run_1', { request: { stream: true } }),
    sessionId: 'ses_1',
    createdAt: 1_000,
    updatedAt: 1_000,
    finishedAt: null,
    output: null,
    finishReason: null,
    usage: null,
    error: null,
    lastSeq: 0,
  })
  expect(await turns.get('run_1', me)).toEqual(turn)
  expect(await turns.get('run_1', { owner: 'other' })).toBeUndefined()
  expect(await turns.underWay('runner_1')).toEqual([turn])
  expect(await sessions.messages('ses_1', { limit: 10, order: 'oldest' })).toMatchObject([{ content: 'asked in run_1', turnId: 'run_1' }])
  expect(await sessions.get('ses_1', me)).toMatchObject({ messageCount: 1, preview: 'asked in run_1' })
})

test('a turn continues a session, also one that its twin has begun a moment ago, but not a deleted one or that of another owner', async () => {
  await using test = openTestDatabases()
  const { turns, sessions } = test.databases.gateway
  await Promise.all(['run_1', 'run_2'].map((id) => turns.accept(acceptance(id))))
  expect(await turns.accept(acceptance('run_3', { session: { id: 'ses_1' } }))).toMatchObject({ sessionId: 'ses_1' })
  expect(await sessions.get('ses_1', me)).toMatchObject({ messageCount: 3 })
  await sessions.create(sessionNamed('theirs', { owner: 'other' }))
  expect(await turns.accept(acceptance('run_4', { session: { create: sessionNamed('theirs') } }))).toBeUndefined()
  await sessions.delete('ses_1', me)
  expect(await turns.accept(acceptance('run_5'))).toBeUndefined()
  expect(await turns.accept(acceptance('run_6', { session: { id: 'ses_1' } }))).toBeUndefined()
  expect(countOf(test.file, 'turn')).toBe(3)
})

test('accepting is all or nothing: when the idempotency key was lost, nothing of the turn is there', async () => {
  await using test = openTestDatabases()
  const { turns, idempotency, responses } = test.databases.gateway
  const key = { scope: 'me POST /v1/responses', key: 'k' }
  await idempotency.claim({ ...key, fingerprint: 'f', claim: 'mine', runner: 'runner_1', createdAt: 0, expiresAt: 100 })
  const whole = { response: responseNamed('resp_1'), idempotency: { ...key, claim: 'somebody else’s' } }
  await expect(turns.accept(acceptance('run_1', whole))).rejects.toMatchObject({ code: 'CLAIM_LOST' })
  expect(['session', 'message', 'turn', 'response'].map((table) => countOf(test.file, table))).toEqual([0, 0, 0, 0])
  expect(await turns.accept(acceptance('run_1', { ...whole, idempotency: { ...key, claim: 'mine' } }))).toBeDefined()
  expect(await idempotency.get(key.scope, key.key)).toMatchObject({ turnId: 'run_1' })
  expect(await responses.ofTurn('run_1')).toMatchObject({ id: 'resp_1', owner: 'me', sessionId: 'ses_1', status: 'in_progress' })
})

test('a turn ends once, with its answer, its last events, its usage and its response in one piece', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { turns, sessions, responses } = test.databases.gateway
  await turns.accept(acceptance('run_1', { response: responseNamed('resp_1') }))
  await turns.appendEvents(eventsOf('run_1', 1, 3), 'runner_1')
  await clock.advance(500)
  const end = settlement('noon', {
    events: eventsOf('run_1', 4, 5),
    transcriptHash: 'hash',
    response: { status: 'completed', envelope: { model: 'scripted', done: true }, output: [item('noon')] },
  })
  expect(await turns.settle('run_1', 'runner_1', end)).toBe(true)
  expect(await turns.get('run_1', me)).toMatchObject({
    status: 'completed',
    output: 'noon',
    finishReason: 'stop',
    finishedAt: 1_500,
    lastSeq: 5,
    usage: end.usage,
  })
  expect((await turns.events('run_1', { after: 0, limit: 100 })).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
  expect(await sessions.get('ses_1', me)).toMatchObject({ messageCount: 2, preview: 'noon', usage: end.usage, updatedAt: 1_500 })
  expect(await responses.get('resp_1', me)).toMatchObject({
    status: 'completed',
    completedAt: 1_500,
    envelope: { done: true },
    input: [item('in resp_1')],
    output: [item('noon')],
  })
  expect(await turns.underWay('runner_1')).toEqual([])

  expect(await turns.settle('run_1', 'runner_1', settlement('again', { events: eventsOf('run_1', 6, 6) }))).toBe(false)
  expect(await sessions.get('ses_1', me)).toMatchObject({ messageCount: 2, preview: 'noon' })
  expect(countOf(test.file, 'turn_event')).toBe(5)
})

test('the session whose transcript a client repeats is found, the newest of several, by its owner alone', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { turns, sessions } = test.databases.gateway
  for (const id of ['ses_1', 'ses_2']) {
    await turns.accept(acceptance(`run_${id}`, { session: { create: sessionNamed(id) } }))
    await turns.settle(`run_${id}`, 'runner_1', settlement('hello', { transcriptHash: 'hash' }))
    await clock.advance(10)
  }
  expect(await sessions.findByTranscript('me', 'hash')).toMatchObject({ id: 'ses_2' })
  expect(await sessions.findByTranscript('other', 'hash')).toBeUndefined()
  await sessions.delete('ses_2', me)
  expect(await sessions.findByTranscript('me', 'hash')).toMatchObject({ id: 'ses_1' })
  await turns.accept(acceptance('run_next', { session: { id: 'ses_1' } }))
  await turns.settle('run_next', 'runner_1', settlement('and on', { transcriptHash: 'longer' }))
  expect(await sessions.findByTranscript('me', 'hash'), 'the conversation went on').toBeUndefined()
})

/** @see https://github.com/NousResearch/hermes-webui/issues/4638 */
test('a runner that was given up writes nothing over its successor: no end, no status, no event', async () => {
  await using test = openTestDatabases()
  const { turns } = test.databases.gateway
  const turn = (await turns.accept(acceptance('run_1')))!
  await turns.appendEvents(eventsOf('run_1', 1, 2), 'runner_1')
  expect(await turns.adopt('runner_1', 'runner_2')).toBe(1)

  expect(await turns.settle('run_1', 'runner_1', settlement('stale'))).toBe(false)
  expect(await turns.setStatus(turn, 'waiting_for_approval', ['running'])).toBe(false)
  await turns.appendEvents(eventsOf('run_1', 3, 4), 'runner_1')
  expect(await turns.get('run_1', me)).toMatchObject({ status: 'running', runner: 'runner_2', output: null })
  expect(await turns.events('run_1', { after: 0, limit: 10 })).toHaveLength(2)

  expect(await turns.settle('run_1', 'runner_2', settlement('interrupted', { status: 'interrupted', events: eventsOf('run_1', 3, 3) }))).toBe(true)
  await turns.appendEvents(eventsOf('run_1', 4, 4), 'runner_1')
  expect((await turns.events('run_1', { after: 0, limit: 10 })).map(({ seq }) => seq)).toEqual([1, 2, 3])
})

test('adopting takes every turn that a dead runner had under way, none that has ended, and is done once', async () => {
  await using test = openTestDatabases()
  const { turns } = test.databases.gateway
  for (const id of ['run_1', 'run_2', 'run_3']) await turns.accept(acceptance(id))
  await turns.accept(acceptance('run_4', { turn: turnNamed('run_4', { runner: 'runner_3' }) }))
  await turns.settle('run_2', 'runner_1', settlement('done'))
  const adopted = await Promise.all([turns.adopt('runner_1', 'runner_2'), turns.adopt('runner_1', 'runner_4')])
  expect(adopted).toEqual([2, 0])
  expect((await turns.underWay('runner_2')).map(({ id }) => id)).toEqual(['run_1', 'run_3'])
  expect((await turns.underWay('runner_3')).map(({ id }) => id)).toEqual(['run_4'])
})

test('a turn moves between the states before its end, from the state one thinks it is in, and not after it', async () => {
  await using test = openTestDatabases()
  const { turns } = test.databases.gateway
  const turn = (await turns.accept(acceptance('run_1', { turn: turnNamed('run_1', { status: 'queued' }) })))!
  expect(await turns.setStatus(turn, 'waiting_for_approval', ['running'])).toBe(false)
  expect(await turns.setStatus(turn, 'running', ['queued'])).toBe(true)
  await turns.settle('run_1', 'runner_1', settlement('done'))
  expect(await turns.setStatus(turn, 'running', ['running', 'completed'])).toBe(false)
  expect(await turns.get('run_1', me)).toMatchObject({ status: 'completed' })
})

test('events of any number of turns are written at once, and come back in order without gaps, a page at a time', async () => {
  await using test = openTestDatabases()
  const { turns } = test.databases.gateway
  const ids = Array.from({ length: 7 }, (_, i) => `run_${i}`)
  for (const id of ids) await turns.accept(acceptance(id))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...ids), fc.integer({ min: 1, max: 90 })), { minLength: 1, maxLength: 12 }), async (bursts) => {
      const last = new Map<string, number>()
      for (const id of ids) last.set(id, (await turns.events(id, { after: 0, limit: 10_000 })).at(-1)?.seq ?? 0)
      const before = new Map(last)
      const batch = bursts.flatMap(([id, length]) => {
        const from = last.get(id)! + 1
        last.set(id, from + length - 1)
        return eventsOf(id, from, from + length - 1)
      })
      await turns.appendEvents(batch, 'runner_1')
      for (const id of ids) {
        const page = await turns.events(id, { after: before.get(id)!, limit: 10_000 })
        expect(page.map(({ seq }) => seq)).toEqual(Array.from({ length: last.get(id)! - before.get(id)! }, (_, i) => before.get(id)! + 1 + i))
        expect(page).toEqual(batch.filter((event) => event.turnId === id))
      }
    }),
    { numRuns: 30 },
  )
})

test('events of a turn that has ended or is gone do not keep those of other turns from being written', async () => {
  await using test = openTestDatabases()
  const { turns } = test.databases.gateway
  await turns.accept(acceptance('run_1'))
  await turns.accept(acceptance('run_2'))
  await turns.settle('run_1', 'runner_1', settlement('done', { events: eventsOf('run_1', 1, 1) }))
  await turns.appendEvents([...eventsOf('run_1', 2, 3), ...eventsOf('run_gone', 1, 3), ...eventsOf('run_2', 1, 2)], 'runner_1')
  expect(await turns.events('run_2', { after: 0, limit: 10 })).toHaveLength(2)
  expect(countOf(test.file, 'turn_event')).toBe(3)
})

test('an event number is given once', async () => {
  await using test = openTestDatabases()
  const { turns } = test.databases.gateway
  await turns.accept(acceptance('run_1'))
  await turns.appendEvents(eventsOf('run_1', 1, 3), 'runner_1')
  await expect(turns.appendEvents(eventsOf('run_1', 3, 5), 'runner_1')).rejects.toMatchObject({ code: 'CONSTRAINT' })
  expect(await turns.events('run_1', { after: 0, limit: 10 })).toHaveLength(3)
})

test('the list of turns is newest first, by session, status and page, each owner’s own', async () => {
  await using test = openTestDatabases()
  const { turns, sessions } = test.databases.gateway
  for (let i = 0; i < 6; i++) await turns.accept(acceptance(`run_${i}`, { session: { create: sessionNamed(`ses_${i % 2}`) } }))
  await turns.accept(acceptance('run_9', { turn: turnNamed('run_9', { owner: 'other' }), session: { create: sessionNamed('theirs', { owner: 'other' }) } }))
  await turns.settle('run_3', 'runner_1', settlement('done'))
  const ids = async (viewer: Viewer, query: Omit<Parameters<typeof turns.list>[1], 'limit'> = {}) =>
    (await turns.list(viewer, { limit: 3, ...query })).map(({ id }) => id)
  expect(await ids(me)).toEqual(['run_5', 'run_4', 'run_3'])
  expect(await ids(me, { after: 'run_3' })).toEqual(['run_2', 'run_1', 'run_0'])
  expect(await ids(me, { sessionId: 'ses_1' })).toEqual(['run_5', 'run_3', 'run_1'])
  expect(await ids(me, { status: ['completed'] })).toEqual(['run_3'])
  expect(await ids(root)).toEqual(['run_9', 'run_5', 'run_4'])
  expect(await sessions.get('ses_0', me)).toMatchObject({ messageCount: 3 })
})

test('a turn whose session was deleted while it ran still ends', async () => {
  await using test = openTestDatabases()
  const { turns, sessions } = test.databases.gateway
  await turns.accept(acceptance('run_1'))
  await sessions.delete('ses_1', me)
  expect(await turns.settle('run_1', 'runner_1', settlement('too late to be read'))).toBe(true)
})

test('what a row does not hold as it should is BAD_ROW, with the column’s name', async () => {
  await using test = openTestDatabases()
  const { turns } = test.databases.gateway
  await turns.accept(acceptance('run_1', { messages: [message('x')] }))
  expect(await startChild('run-sql', [test.file, `update turn set request = '[1, 2'`]).ended).toBe(0)
  await expect(turns.get('run_1', me)).rejects.toMatchObject({ code: 'BAD_ROW', message: expect.stringContaining('turn.request') as string })
})
