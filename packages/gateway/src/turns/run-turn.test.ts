import { FakeClock, until, within } from '@talaria/core/testing'
import { DatabaseError } from '@talaria/db'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openTestTurns } from '../../test/open-test-turns.ts'
import { refusing } from '../../test/changed-store.ts'
import { echo, TestAgent } from '../../test/test-agent.ts'
import { TurnAborted } from './turn-aborted.ts'

checkForLeaks()

const STOPPED = () => new TurnAborted('cancelled', 'stopped', 'The run was stopped.')
const full = () => new DatabaseError('DISK_FULL', 'gateway.db cannot grow: the disk is full')

test.each([
  ['stop', 'completed'],
  ['tool_calls', 'completed'],
  ['length', 'incomplete'],
  ['content_filter', 'incomplete'],
] as const)('a turn whose agent finishes with %s is %s', async (reason, status) => {
  await using t = await openTestTurns({ agent: new TestAgent({ play: (run) => run.say('Hello').finish(reason) }) })
  const { turn } = await (await t.begin('Hello')).settled
  expect(turn).toMatchObject({ status, finishReason: reason, error: null, output: 'Hello' })
})

test('a turn whose agent fails has its code and message, and the text that came before', async () => {
  await using t = await openTestTurns({ agent: new TestAgent({ play: (run) => run.say('Half').fail('model_rate_limited', 'Slow down.') }) })
  const { turn } = await (await t.begin('Hello')).settled
  expect(turn).toMatchObject({ status: 'failed', output: 'Half', finishReason: 'failed', error: { code: 'model_rate_limited', message: 'Slow down.' } })
})

test('what an agent throws is for the log; people get an id to find it by', async () => {
  await using t = await openTestTurns({ agent: new TestAgent({ play: (run) => run.say('Half').throw(new Error('password=hunter2')) }) })
  const { turn } = await (await t.begin('Hello')).settled
  expect(turn).toMatchObject({
    status: 'failed',
    output: 'Half',
    error: { code: 'server_error', message: expect.stringMatching(/^The run failed \(err_[0-9a-f]+\)\.$/) },
  })
})

test('a turn whose agent ends without saying how has failed', async () => {
  await using t = await openTestTurns({ agent: new TestAgent({ play: (run) => run.say('Half').vanish() }) })
  expect((await (await t.begin('Hello')).settled).turn).toMatchObject({ status: 'failed', error: { code: 'server_error' } })
})

test('a turn that was stopped is cancelled, whatever its agent makes of it', async () => {
  for (const react of [(run: { fail(): unknown }) => run.fail(), (run: { throw(error: Error): unknown }) => run.throw(new Error('odd'))]) {
    await using t = await openTestTurns({ agent: new TestAgent({ ignoresAbort: true }) })
    const live = await t.begin('Hello')
    const run = await t.agent.next()
    t.turns.stop(live.turn.id, STOPPED())
    react(run)
    expect((await live.settled).turn).toMatchObject({ status: 'cancelled', error: { code: 'stopped' } })
  }
})

test('an agent that does not hear the abort holds up neither its turn nor the end of the process, and what it says later does not count', async () => {
  const clock = new FakeClock()
  await using t = await openTestTurns({ clock, agent: new TestAgent({ ignoresAbort: true }) })
  const live = await t.begin('Hello')
  const run = (await t.agent.next()).say('Half')
  await until('half is said', 1_000, () => live.lastSeq === 1)
  const drained = t.turns.drain(1_000)
  await clock.advance(1_000)
  expect(live.isClosed).toBe(false)
  await clock.advance(2_000)
  await within(2_000, 'drained', drained)
  expect((await live.settled).turn).toMatchObject({ status: 'interrupted', output: 'Half' })
  run.say(' and more')
  await within(2_000, 'the agent is left', run.ended)
  expect(await t.stores.turns.get(live.turn.id, { all: true })).toMatchObject({ status: 'interrupted', output: 'Half', lastSeq: 2 })
  expect(await t.stores.turns.events(live.turn.id, { after: 0, limit: 10 })).toHaveLength(2)
})

test('a turn that the database refuses to settle is settled as soon as it does not, with nothing lost', async () => {
  const clock = new FakeClock()
  let refusals = 0
  await using t = await openTestTurns({
    clock,
    agent: new TestAgent({ play: echo }),
    between: (stores) => ({ ...stores, turns: refusing(stores.turns, 'settle', () => (++refusals <= 3 ? full() : undefined)) }),
  })
  const live = await t.begin('Hello')
  await expect(live.settled).rejects.toMatchObject({ code: 'DISK_FULL' })
  expect(t.turns.active).toBe(1)
  await clock.advance(15_000)
  await until('it is settled', 2_000, () => t.turns.active === 0)
  expect(await t.stores.turns.get(live.turn.id, { all: true })).toMatchObject({ status: 'completed', output: 'You said: Hello', lastSeq: 4 })
  expect((await t.stores.turns.events(live.turn.id, { after: 0, limit: 10 })).map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
  expect(refusals).toBe(4)
})

test('whoever follows a turn that cannot be settled is told so, and whoever comes after it was sees its end', async () => {
  const clock = new FakeClock()
  let isFull = true
  await using t = await openTestTurns({
    clock,
    agent: new TestAgent({ play: echo }),
    between: (stores) => ({ ...stores, turns: refusing(stores.turns, 'settle', () => (isFull ? full() : undefined)) }),
  })
  const live = await t.begin('Hello')
  await expect(Array.fromAsync(t.turns.follow(live.turn, { after: 0, durable: false }))).rejects.toMatchObject({ code: 'DISK_FULL' })
  isFull = false
  await clock.advance(5_000)
  await until('it is settled', 2_000, () => t.turns.active === 0)
  for (const events of [
    await Array.fromAsync(live.batches({ after: 0, durable: true }, async () => [])),
    await Array.fromAsync(t.turns.follow(live.turn, { after: 0, durable: true })),
  ]) {
    expect(events.flat().map(({ type }) => type)).toEqual(['text.delta', 'text.delta', 'usage', 'completed'])
  }
})

test('a process that ends before the database takes the end of a turn leaves it to the next one', async () => {
  await using home = await openTestTurns()
  let turnId: string
  {
    await using t = await openTestTurns({
      beside: home,
      agent: new TestAgent({ play: echo }),
      between: (stores) => ({ ...stores, turns: refusing(stores.turns, 'settle', full) }),
    })
    const live = await t.begin('Hello')
    turnId = live.turn.id
    await expect(live.settled).rejects.toThrow('full')
    await within(2_000, 'drained', t.turns.drain(0))
  }
  const [turn] = await home.stores.turns.list({ all: true }, { limit: 10 })
  expect(turn).toMatchObject({ id: turnId, status: 'running' })
  expect((await home.stores.runners.list()).map(({ id }) => id)).toContain(turn!.runner)
})

test('a database that takes down no states on the way does not end a turn', async () => {
  await using t = await openTestTurns({ between: (stores) => ({ ...stores, turns: refusing(stores.turns, 'setStatus', full) }) })
  const first = await t.begin('one')
  const second = await t.begin('two', { sessionId: first.turn.sessionId })
  ;(await t.agent.next()).finish()
  ;(await t.agent.next()).finish()
  expect((await second.settled).turn.status).toBe('completed')
})

test('a turn whose past cannot be read has failed, and its session goes on', async () => {
  let isBroken = true
  await using t = await openTestTurns({
    agent: new TestAgent({ play: echo }),
    between: (stores) => ({
      ...stores,
      sessions: refusing(stores.sessions, 'messages', () => (isBroken ? new DatabaseError('IO', 'gateway.db could not be read') : undefined)),
    }),
  })
  const first = await t.begin('one')
  expect((await first.settled).turn).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('IO') } })
  isBroken = false
  expect((await (await t.begin('two', { sessionId: first.turn.sessionId })).settled).turn.status).toBe('completed')
})

test('text that is streamed for longer than memory keeps it is stored whole', async () => {
  const words = Array.from({ length: 9_000 }, (_, n) => `${n} `)
  await using t = await openTestTurns()
  const live = await t.begin('Count')
  const run = await t.agent.next()
  for (let from = 0; from < words.length; from += 500) {
    run.say(...words.slice(from, from + 500))
    await until('they are on disk', 2_000, async () => (await t.stores.turns.events(live.turn.id, { after: from + 499, limit: 1 })).length === 1)
  }
  run.finish()
  const { turn, summary } = await live.settled
  expect(summary.text).toBe(words.join(''))
  expect(turn.lastSeq).toBe(9_001)
  expect((await t.stores.turns.get(turn.id, { all: true }))?.output).toBe(words.join(''))
})
