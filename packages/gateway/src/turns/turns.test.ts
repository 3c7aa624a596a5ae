import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentEvent, AgentRequest } from '@talaria/agent'
import { createId } from '@talaria/core'
import { until, within } from '@talaria/core/testing'
import { DatabaseError } from '@talaria/db'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { changing, refusing } from '../../test/changed-store.ts'
import { openTestTurns } from '../../test/open-test-turns.ts'
import { echo, TestAgent } from '../../test/test-agent.ts'
import { TurnAborted } from './turn-aborted.ts'

checkForLeaks()

const STOPPED = () => new TurnAborted('cancelled', 'stopped', 'The run was stopped.')

test('an accepted turn is on disk before its agent has said a word', async () => {
  await using t = await openTestTurns()
  const { turn } = await t.begin('Hello')
  expect(await t.stores.turns.get(turn.id, { all: true })).toMatchObject({ status: 'running', finishedAt: null })
  expect(await t.stores.sessions.messages(turn.sessionId, { limit: 10, order: 'oldest' })).toMatchObject([{ role: 'user', content: 'Hello', turnId: turn.id }])
})

test('a turn is settled once, with its answer, its events and its usage', async () => {
  await using t = await openTestTurns({ agent: new TestAgent({ play: echo }) })
  const live = await t.begin('Hello')
  const { turn, summary } = await live.settled
  expect(summary.text).toBe('You said: Hello')
  const stored = await t.stores.turns.get(turn.id, { all: true })
  expect(stored).toMatchObject({
    status: 'completed',
    finishReason: 'stop',
    output: 'You said: Hello',
    usage: { inputTokens: 3, outputTokens: 5 },
    error: null,
    lastSeq: 4,
  })
  expect((await t.stores.turns.events(turn.id, { after: 0, limit: 10 })).map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'text.delta'],
    [2, 'text.delta'],
    [3, 'usage'],
    [4, 'completed'],
  ])
  expect(await t.stores.sessions.messages(turn.sessionId, { limit: 10, order: 'oldest' })).toMatchObject([
    { content: 'Hello' },
    { role: 'assistant', content: 'You said: Hello', finishReason: 'stop' },
  ])
  expect(t.turns.settledCounts).toEqual({ completed: 1 })
  await until('the turn is over and forgotten', 1_000, () => t.turns.active === 0 && t.turns.live(turn.id) === undefined)
})

test('a turn of which nobody hears before its end is accepted and settled by one commit', async () => {
  await using t = await openTestTurns({ agent: new TestAgent({ play: echo }) })
  await t.runner.register()
  const before = t.databases.stats().commits
  const { turn } = await (await t.begin('Hello', { history: [], isToldAtEnd: true })).settled
  expect(t.databases.stats().commits - before).toBe(1)
  expect(await t.stores.turns.get(turn.id, { all: true })).toEqual(turn)
})

test('an agent that begins before its turn is accepted runs no tool and reads no history until then', async () => {
  const writing = Promise.withResolvers<void>()
  const ran: string[] = []
  class ToolAgent extends TestAgent {
    override async *run({ messages }: AgentRequest): AsyncGenerator<AgentEvent> {
      ran.push(messages[0]!.content as string)
      yield { type: 'tool.started', id: 'call_1', name: 'touch', runs: 'server' }
      ran.push('touch')
      yield { type: 'finished', reason: 'stop' }
    }
  }
  await using t = await openTestTurns({
    agent: new ToolAgent(),
    between: (stores) => ({
      ...stores,
      turns: changing(
        stores.turns,
        'accept',
        (accept) =>
          async (...args) => (await writing.promise, accept(...args)),
      ),
    }),
  })
  await t.runner.register()
  const starting = [t.begin('known', { history: [], isToldAtEnd: true }), t.begin('stored', { isToldAtEnd: true })]
  await until('the first runs', 1_000, () => ran.length === 1)
  // Longer than the rest needs, which must not happen yet.
  await sleep(50)
  expect(ran).toEqual(['known'])
  writing.resolve()
  await Promise.all((await Promise.all(starting)).map((live) => live.settled))
  expect(ran.toSorted()).toEqual(['known', 'stored', 'touch', 'touch'])
})

test('a turn that cannot be accepted leaves nothing behind, though its agent had begun', async () => {
  await using t = await openTestTurns({
    between: (stores) => ({ ...stores, turns: refusing(stores.turns, 'accept', () => new DatabaseError('DISK_FULL', 'the disk is full')) }),
  })
  await t.runner.register()
  await expect(t.begin('Hello', { history: [], isToldAtEnd: true })).rejects.toMatchObject({ code: 'DISK_FULL' })
  expect(await (await t.agent.next()).ended).toMatchObject({ code: 'not_accepted' })
  await until('it is forgotten', 1_000, () => t.turns.active === 0)
  expect(await t.stores.turns.list({ all: true }, { limit: 10 })).toEqual([])
  expect(t.turns.settledCounts).toEqual({})
})

test('turns of one session are answered one after the other, in the order in which they came', async () => {
  await using t = await openTestTurns()
  const first = await t.begin('one')
  const more = await Promise.all(['two', 'three'].map((text) => t.begin(text, { sessionId: first.turn.sessionId })))
  expect(more.map(({ turn }) => turn.status)).toEqual(['queued', 'queued'])
  const answered: string[] = []
  for (const _ of [first, ...more]) {
    const run = await t.agent.next()
    expect(t.agent.runs).toHaveLength(answered.length + 1)
    answered.push(run.request.messages.at(-1)!.content as string)
    run.say(`to ${answered.at(-1)}`).finish()
  }
  expect(answered).toEqual(['one', 'two', 'three'])
})

test('two turns that begin a session together are one running and one queued', async () => {
  await using t = await openTestTurns()
  const create = { id: createId('ses'), owner: 'root', source: 'api' }
  const together = await Promise.all([t.begin('one', { session: { create } }), t.begin('two', { session: { create } })])
  expect(together.map(({ turn }) => turn.status)).toEqual(['running', 'queued'])
  ;(await t.agent.next()).finish()
  await t.agent.next()
  await until('the second runs', 1_000, async () => (await t.stores.turns.get(together[1].turn.id, { all: true }))?.status === 'running')
})

test('a queued turn hears the answers of those before it, and nothing of those behind it', async () => {
  await using t = await openTestTurns()
  const first = await t.begin('one')
  const [, second, third] = [first, await t.begin('two', { sessionId: first.turn.sessionId }), await t.begin('three', { sessionId: first.turn.sessionId })]
  ;(await t.agent.next()).say('answer to one').finish()
  const run = await t.agent.next()
  expect(run.request.messages.map(({ content }) => content)).toEqual(['one', 'answer to one', 'two'])
  run.say('answer to two').finish()
  const last = await t.agent.next()
  expect(last.request.messages.map(({ content }) => content)).toEqual(['one', 'answer to one', 'two', 'answer to two', 'three'])
  last.finish()
  await Promise.all([second.settled, third.settled])
})

test('sessions do not wait for each other', async () => {
  await using t = await openTestTurns()
  await t.begin('slow')
  const quick = await t.begin('quick')
  await t.agent.next()
  ;(await t.agent.next()).say('done').finish()
  expect((await quick.settled).turn.status).toBe('completed')
})

test('a queued turn that is stopped ends at once, and those behind it still wait their turn', async () => {
  await using t = await openTestTurns()
  const first = await t.begin('one')
  const { sessionId } = first.turn
  const second = await t.begin('two', { sessionId })
  const third = await t.begin('three', { sessionId })
  const running = await t.agent.next()
  expect(t.turns.stop(second.turn.id, STOPPED())).toBe(true)
  expect((await within(2_000, 'the stopped turn', second.settled)).turn).toMatchObject({ status: 'cancelled', error: { code: 'stopped' } })
  // Longer than the third needs to begin, which it must not do yet.
  await sleep(100)
  expect(t.agent.runs).toHaveLength(1)
  running.say('done').finish()
  ;(await t.agent.next()).finish()
  expect((await third.settled).turn.status).toBe('completed')
  expect(t.agent.runs.map(({ request }) => request.messages.at(-1)!.content)).toEqual(['one', 'three'])
})

test('a running turn that is stopped is settled with the text it had, and its agent hears why', async () => {
  await using t = await openTestTurns()
  const live = await t.begin('Tell me')
  const run = (await t.agent.next()).say('Once upon ', 'a time')
  await until('it has been said', 1_000, () => live.lastSeq === 2)
  t.turns.stop(live.turn.id, STOPPED())
  const { turn } = await live.settled
  expect(turn).toMatchObject({ status: 'cancelled', output: 'Once upon a time', finishReason: 'cancelled', error: { code: 'stopped' } })
  expect(await run.ended).toMatchObject({ code: 'stopped' })
  expect(await t.stores.sessions.messages(turn.sessionId, { limit: 10, order: 'oldest' })).toMatchObject([
    {},
    { content: 'Once upon a time', finishReason: 'cancelled' },
  ])
  expect(t.turns.stop(live.turn.id, STOPPED())).toBe(false)
})

test('a turn cannot be stopped any more when its answer is complete', async () => {
  const settling = Promise.withResolvers<void>()
  await using t = await openTestTurns({
    between: (stores) => ({
      ...stores,
      turns: changing(
        stores.turns,
        'settle',
        (settle) =>
          async (...args) => (await settling.promise, settle(...args)),
      ),
    }),
  })
  const live = await t.begin('Hello')
  ;(await t.agent.next()).say('Hello').finish()
  await until('the agent is done', 1_000, () => live.isClosed)
  expect(t.turns.stop(live.turn.id, STOPPED())).toBe(false)
  expect(t.turns.steer(live.turn.id, 'too late')).toBe(false)
  settling.resolve()
  expect((await live.settled).turn.status).toBe('completed')
})

test('a turn for a session that is gone, or is somebody else’s, is refused and leaves nothing behind', async () => {
  await using t = await openTestTurns()
  await t.stores.sessions.create({ id: 'theirs', owner: 'key_2', source: 'api' })
  await expect(t.begin('Hello', { sessionId: 'nowhere' })).rejects.toMatchObject({ code: 'session_not_found' })
  await expect(t.begin('Hello', { session: { create: { id: 'theirs', owner: 'root', source: 'api' } } })).rejects.toMatchObject({ code: 'session_not_found' })
  await until('both are forgotten', 1_000, () => t.turns.active === 0)
  expect(await t.stores.turns.list({ all: true }, { limit: 10 })).toEqual([])
})

test('a turn goes elsewhere when its session is being answered or is gone', async () => {
  await using t = await openTestTurns()
  const busy = await t.begin('one')
  const elsewhere = () =>
    ({
      session: { create: { id: createId('ses'), owner: 'root', source: 'api' } },
      messages: [{ id: createId('msg'), role: 'user', content: 'all of it' }],
      history: [],
    }) as const
  const [branch, other] = [
    await t.begin('two', { sessionId: busy.turn.sessionId, otherwise: elsewhere() }),
    await t.begin('three', { sessionId: 'nowhere', otherwise: elsewhere() }),
  ]
  expect(new Set([busy, branch, other].map(({ turn }) => turn.sessionId))).toHaveProperty('size', 3)
  expect(await t.stores.sessions.messages(branch.turn.sessionId, { limit: 10, order: 'oldest' })).toMatchObject([{ content: 'all of it' }])
})

test('one turn more than are allowed at once is refused, also while the others are just being accepted', async () => {
  await using t = await openTestTurns({ maxConcurrent: 2 })
  const outcomes = await Promise.allSettled(['one', 'two', 'three'].map((text) => t.begin(text)))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(outcomes[2]).toMatchObject({ reason: { code: 'rate_limit_exceeded', headers: { 'Retry-After': '1' } } })
  ;(await t.agent.next()).finish()
  await until('one is over', 1_000, () => t.turns.active === 1)
  expect((await t.begin('four')).turn.status).toBe('running')
})

test('no turn begins while the process has no room', async () => {
  let hasRoom = false
  await using t = await openTestTurns({ hasRoom: () => hasRoom })
  await expect(t.begin('Hello')).rejects.toMatchObject({ code: 'gateway_overloaded' })
  hasRoom = true
  await t.begin('Hello')
})

test('draining lets what is under way finish, and takes nothing new', async () => {
  await using t = await openTestTurns()
  const live = await t.begin('Hello')
  const drained = t.turns.drain(60_000)
  await expect(t.begin('late')).rejects.toMatchObject({ code: 'gateway_draining' })
  ;(await t.agent.next()).say('Hello').finish()
  await within(2_000, 'drained', drained)
  expect((await live.settled).turn.status).toBe('completed')
})

test('what has not ended after the grace period is settled as interrupted, queued turns too', async () => {
  await using t = await openTestTurns()
  const first = await t.begin('one')
  const second = await t.begin('two', { sessionId: first.turn.sessionId })
  ;(await t.agent.next()).say('half ')
  await until('half is said', 1_000, () => first.lastSeq === 1)
  await within(2_000, 'drained', t.turns.drain(10))
  expect((await first.settled).turn).toMatchObject({ status: 'interrupted', output: 'half ', error: { code: 'gateway_shutdown' } })
  expect((await second.settled).turn).toMatchObject({ status: 'interrupted', output: '' })
})

test('a turn that was just being accepted when draining began is settled before draining ends', async () => {
  await using t = await openTestTurns()
  const starting = t.begin('Hello')
  await within(2_000, 'drained', t.turns.drain(0))
  expect(await t.stores.turns.list({ all: true }, { limit: 10 })).toMatchObject([{ status: 'interrupted' }])
  expect((await (await starting).settled).turn.status).toBe('interrupted')
})

test('steering reaches the agent once, and what it does not take up is told at the end', async () => {
  await using t = await openTestTurns()
  const live = await t.begin('Hello')
  const run = await t.agent.next()
  expect(run.request.steer!()).toBeUndefined()
  t.turns.steer(live.turn.id, 'shorter')
  t.turns.steer(live.turn.id, 'and in French')
  expect(run.request.steer!()).toBe('shorter\nand in French')
  expect(run.request.steer!()).toBeUndefined()
  t.turns.steer(live.turn.id, 'never mind')
  run.emit({ type: 'steered', text: 'shorter\nand in French' }).say('Bonjour').finish()
  const { turn } = await live.settled
  expect((await t.stores.turns.events(turn.id, { after: 0, limit: 10 })).at(-1)?.data).toMatchObject({ output: 'Bonjour', pendingSteer: 'never mind' })
  expect((await t.stores.sessions.messages(turn.sessionId, { limit: 10, order: 'oldest' })).map(({ role, content }) => `${role}: ${content}`)).toEqual([
    'user: Hello',
    'user: shorter\nand in French',
    'assistant: Bonjour',
  ])
})

test('all turns of a session can be stopped, and no others', async () => {
  await using t = await openTestTurns()
  const mine = await t.begin('one')
  const behind = await t.begin('two', { sessionId: mine.turn.sessionId })
  const other = await t.begin('three')
  t.turns.stopSession(mine.turn.sessionId, STOPPED())
  expect((await mine.settled).turn.status).toBe('cancelled')
  expect((await behind.settled).turn.status).toBe('cancelled')
  expect(other.controller.signal.aborted).toBe(false)
})
