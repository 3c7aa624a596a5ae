import { createId, silentLog, systemClock } from '@talaria/core'
import { until } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { changing, refusing } from '../../test/changed-store.ts'
import { openTestTurns, type TestTurns } from '../../test/open-test-turns.ts'
import { echo, TestAgent } from '../../test/test-agent.ts'
import { envelopeOf } from '../openai/response-envelope.ts'
import { recoverTurns } from './recover-turns.ts'

checkForLeaks()

const recover = ({ stores, runner, turns }: TestTurns) => recoverTurns({ stores, runner, owns: (id) => turns.owns(id), clock: systemClock, log: silentLog })

const ALL = { all: true } as const

/** Leaves a turn behind, as a process does that was killed while its agent spoke. */
async function leaveBehind(
  t: TestTurns,
  { host = 'here', said = ['Once upon ', 'a time'] }: { readonly host?: string; readonly said?: readonly string[] } = {},
): Promise<{ readonly turnId: string; readonly runner: string; readonly sessionId: string; readonly responseId: string }> {
  const [runner, turnId, sessionId, responseId] = [createId('runner'), createId('run'), createId('ses'), createId('resp')]
  // A process of another host is dead when it has been silent for long; one of this host when there is no such process.
  await t.stores.runners.register({ id: runner, host, pid: 1, processStarted: 'an earlier boot' })
  await t.stores.turns.accept({
    turn: { id: turnId, owner: 'root', kind: 'response', model: 'talaria', status: 'running', request: { responseId }, runner },
    session: { create: { id: sessionId, owner: 'root', source: 'api' } },
    messages: [{ id: createId('msg'), role: 'user', content: 'Tell me' }],
    response: { id: responseId, status: 'in_progress', expiresAt: null, envelope: envelopeOf({}, 'talaria'), input: [] },
  })
  await t.stores.turns.appendEvents(
    said.map((text, n) => ({ turnId, seq: n + 1, type: 'text.delta', data: { text }, createdAt: 0 })),
    runner,
  )
  return { turnId, runner, sessionId, responseId }
}

/** The clock of a gateway that looks much later. */
const later = { ...systemClock, now: () => systemClock.now() + 60_000 }

test('a turn whose process is gone is settled as interrupted, with the text it had', async () => {
  await using t = await openTestTurns({ clock: later })
  const left = await leaveBehind(t)
  await t.runner.start()
  expect(await recover(t)).toBe(1)
  expect(await t.stores.turns.get(left.turnId, ALL)).toMatchObject({
    status: 'interrupted',
    output: 'Once upon a time',
    error: { code: 'interrupted' },
    lastSeq: 3,
  })
  expect((await t.stores.turns.events(left.turnId, { after: 0, limit: 10 })).map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'text.delta'],
    [2, 'text.delta'],
    [3, 'interrupted'],
  ])
  expect(await t.stores.sessions.messages(left.sessionId, { limit: 10, order: 'oldest' })).toMatchObject([
    { content: 'Tell me' },
    { role: 'assistant', content: 'Once upon a time', finishReason: 'interrupted' },
  ])
  expect(await t.stores.responses.get(left.responseId, ALL)).toMatchObject({
    status: 'failed',
    envelope: { error: { code: 'interrupted' } },
    output: [{ type: 'message', status: 'incomplete', content: [{ text: 'Once upon a time' }] }],
  })
  expect((await t.stores.runners.list()).map(({ id }) => id)).toEqual([t.runner.id])
  expect(await recover(t)).toBe(0)
})

test('a gateway leaves its own turns alone, those that are just being accepted too', async () => {
  await using t = await openTestTurns()
  await t.runner.start()
  const live = await t.begin('Hello')
  const run = await t.agent.next()
  expect(await recover(t)).toBe(0)
  const [starting] = await Promise.all([t.begin('another'), recover(t)])
  run.say('Hello').finish()
  ;(await t.agent.next()).finish()
  expect((await live.settled).turn.status).toBe('completed')
  expect((await starting.settled).turn.status).toBe('completed')
})

test('a gateway leaves the turns of one that lives alone', async () => {
  await using one = await openTestTurns()
  await using other = await openTestTurns({ beside: one, clock: later })
  await Promise.all([one.runner.start(), other.runner.start()])
  const live = await one.begin('Hello')
  const run = await one.agent.next()
  expect(await recover(other)).toBe(0)
  run.say('Hello').finish()
  expect((await live.settled).turn.status).toBe('completed')
})

test('a gateway on another host that was heard of a moment ago lives', async () => {
  await using t = await openTestTurns()
  const left = await leaveBehind(t, { host: 'elsewhere' })
  expect(await recover(t)).toBe(0)
  expect(await t.stores.turns.get(left.turnId, ALL)).toMatchObject({ status: 'running' })
})

test('of two gateways that find a dead one, one settles each of its turns', async () => {
  await using one = await openTestTurns({ clock: later })
  await using other = await openTestTurns({ beside: one, clock: later })
  await Promise.all([one.runner.start(), other.runner.start()])
  const left = []
  for (let n = 0; n < 5; n++) left.push(await leaveBehind(one))
  const settled = await Promise.all([recover(one), recover(other), recover(one), recover(other)])
  expect(settled.reduce((sum, count) => sum + count, 0)).toBe(5)
  for (const { turnId } of left) expect(await one.stores.turns.events(turnId, { after: 2, limit: 10 })).toMatchObject([{ seq: 3, type: 'interrupted' }])
})

test('a turn that its finder could not settle is settled by the next one, should the finder die', async () => {
  await using t = await openTestTurns({ clock: later })
  const left = await leaveBehind(t)
  {
    await using finder = await openTestTurns({
      beside: t,
      clock: later,
      between: (stores) => ({ ...stores, turns: refusing(stores.turns, 'settle', () => new Error('killed')) }),
    })
    await finder.runner.start()
    expect(
      await recoverTurns({
        stores: { ...t.stores, turns: refusing(t.stores.turns, 'settle', () => new Error('killed')) },
        runner: finder.runner,
        owns: () => false,
        clock: later,
        log: silentLog,
      }),
    ).toBe(0)
    expect(await t.stores.turns.get(left.turnId, ALL)).toMatchObject({ status: 'running', runner: finder.runner.id })
    expect((await t.stores.runners.list()).map(({ id }) => id)).toContain(finder.runner.id)
  }
  // It could not sign off with a turn in its hands, and is found like any other; here by its name, because this process lives.
  await t.stores.turns.adopt((await t.stores.turns.get(left.turnId, ALL))!.runner, t.runner.id)
  expect(await recover(t)).toBe(1)
})

test('a turn that cannot be settled holds up no other', async () => {
  await using t = await openTestTurns({ clock: later })
  const [bad, good] = [await leaveBehind(t), await leaveBehind(t)]
  const stores = {
    ...t.stores,
    turns: changing(t.stores.turns, 'events', (events) => async (turnId, query) => {
      if (turnId === bad.turnId) throw new Error('a row nobody can read')
      return events(turnId, query)
    }),
  }
  expect(await recoverTurns({ stores, runner: t.runner, owns: () => false, clock: later, log: silentLog })).toBe(1)
  expect(await t.stores.turns.get(good.turnId, ALL)).toMatchObject({ status: 'interrupted' })
})

/** @see L12: a stale worker writes over its successor (hermes-webui #4638, #2136) */
test('a gateway that was only thought dead cannot write over what its finder settled', async () => {
  await using slow = await openTestTurns()
  await using finder = await openTestTurns({ beside: slow })
  const live = await slow.begin('Tell me')
  const run = (await slow.agent.next()).say('Once ')
  await until('it is on disk', 1_000, async () => (await slow.stores.turns.events(live.turn.id, { after: 0, limit: 9 })).length === 1)

  await slow.stores.turns.adopt(slow.runner.id, finder.runner.id)
  run.say('upon ')
  await until('the late event was tried', 1_000, () => live.lastSeq === 2)
  expect(await recover(finder)).toBe(1)
  run.say('a time').finish()

  await expect(live.settled).rejects.toMatchObject({ code: 'run_lost', status: 503 })
  expect(await slow.stores.turns.get(live.turn.id, ALL)).toMatchObject({ status: 'interrupted', output: 'Once ', lastSeq: 2 })
  expect((await slow.stores.turns.events(live.turn.id, { after: 0, limit: 9 })).map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'text.delta'],
    [2, 'interrupted'],
  ])
  expect(await slow.stores.sessions.messages(live.turn.sessionId, { limit: 9, order: 'oldest' })).toHaveLength(2)
})

test('a follower in another gateway sees the events as they are written, and the end', async () => {
  await using one = await openTestTurns()
  await using other = await openTestTurns({ beside: one })
  const live = await one.begin('Hello')
  const run = await one.agent.next()
  const seen: string[] = []
  const following = (async () => {
    for await (const events of other.turns.follow(live.turn, { after: 0, durable: true })) seen.push(...events.map(({ type }) => type))
  })()
  run.say('Hello')
  await until('the first word arrives', 2_000, () => seen.length === 1)
  expect(other.turns.live(live.turn.id)).toBeUndefined()
  run.say(' you').finish()
  await following
  expect(seen).toEqual(['text.delta', 'text.delta', 'completed'])
  expect((await other.turns.settled(live.turn)).summary.text).toBe('Hello you')
})

test('whoever waits in another gateway may leave before the end', async () => {
  await using one = await openTestTurns()
  await using other = await openTestTurns({ beside: one })
  const live = await one.begin('Hello')
  const left = new AbortController()
  const waiting = other.turns.settled(live.turn, left.signal)
  left.abort()
  expect((await waiting).turn.status).toBe('running')
})

test('turns that have been settled are found again by a process that never ran them', async () => {
  await using one = await openTestTurns({ agent: new TestAgent({ play: echo }) })
  await using other = await openTestTurns({ beside: one })
  const live = await one.begin('Hello')
  await live.settled
  expect((await other.turns.settled(live.turn)).turn).toMatchObject({ status: 'completed', output: 'You said: Hello' })
  const types = (await Array.fromAsync(other.turns.follow(live.turn, { after: 2, durable: true }))).flat().map(({ type }) => type)
  expect(types).toEqual(['usage', 'completed'])
})
