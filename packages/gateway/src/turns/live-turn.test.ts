import type { Turn, TurnEvent } from '@talaria/db'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LiveTurn } from './live-turn.ts'

const TURN = { id: 'run_1', sessionId: 'ses_1', status: 'running', lastSeq: 0 } as Turn
const NOTHING_STORED = async () => []

function terminalOf(live: LiveTurn): Parameters<LiveTurn['finish']>[0] {
  const terminal = { turnId: TURN.id, seq: live.lastSeq + 1, type: 'completed', data: {}, createdAt: 0 }
  return { turn: TURN, summary: { text: '', reasoning: '', clientCalls: [], usage: null }, events: [], terminal }
}

const say = (live: LiveTurn, times: number) => Array.from({ length: times }, (_, n) => live.append({ type: 'text.delta', text: String(n) }, 0))
const seqsOf = (batches: readonly (readonly TurnEvent[])[]) => batches.flat().map(({ seq }) => seq)
const upTo = (last: number, after = 0) => Array.from({ length: last - after }, (_, n) => after + n + 1)
const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve))

test('any number of followers see the same events in the same order, from wherever they begin', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(40), { maxLength: 5 }),
      fc.boolean(),
      async (bursts, afters, durable) => {
        const live = new LiveTurn(TURN)
        const follow = (after: number) => Array.fromAsync(live.batches({ after, durable }, NOTHING_STORED))
        const early = afters.map(follow)
        for (const times of bursts) {
          say(live, times)
          if (durable) live.markCommitted(live.lastSeq)
          await turnOfTheLoop()
        }
        const amid = afters.map(follow)
        live.finish(terminalOf(live))
        const late = afters.map(follow)
        for (const followers of [early, amid, late]) {
          for (const [n, batches] of (await Promise.all(followers)).entries())
            expect(seqsOf(batches)).toEqual(upTo(live.lastSeq, Math.min(afters[n]!, live.lastSeq)))
        }
      },
    ),
    { numRuns: 30 },
  )
})

test('a durable follower is never given what is not on disk', async () => {
  const live = new LiveTurn(TURN)
  const seen: number[] = []
  const followed = (async () => {
    for await (const batch of live.batches({ after: 0, durable: true }, NOTHING_STORED)) seen.push(...seqsOf([batch]))
  })()
  say(live, 5)
  await turnOfTheLoop()
  expect(seen).toEqual([])
  live.markCommitted(3)
  await turnOfTheLoop()
  await turnOfTheLoop()
  expect(seen).toEqual([1, 2, 3])
  live.finish(terminalOf(live))
  await followed
  expect(seen).toEqual(upTo(6))
})

test('a running turn keeps no more in memory than a bounded number of events beyond what is on disk', () => {
  const live = new LiveTurn(TURN)
  for (let n = 0; n < 100; n++) {
    say(live, 100)
    live.markCommitted(live.lastSeq - 10)
  }
  expect(live.lastSeq).toBe(10_000)
  expect(live.held.length).toBeLessThan(5_000)
  expect(live.unwritten.map(({ seq }) => seq)).toEqual(upTo(10_000, 9_990))
})

test('a follower that begins before what memory holds is given the rest from disk, without a gap', async () => {
  const live = new LiveTurn(TURN)
  const all = [...say(live, 9_000)]
  live.markCommitted(9_000)
  all.push(...say(live, 100))
  live.markCommitted(9_100)
  const stored = async (after: number) => all.slice(after, after + 500)
  live.finish(terminalOf(live))
  expect(seqsOf(await Array.fromAsync(live.batches({ after: 10, durable: true }, stored)))).toEqual(upTo(9_101, 10))
})

test('a follower that is slow while the turn is fast misses nothing', async () => {
  const live = new LiveTurn(TURN)
  const all: TurnEvent[] = []
  const stored = async (after: number) => all.slice(after, after + 500)
  const follower = live.batches({ after: 0, durable: true }, stored)
  all.push(...say(live, 10))
  live.markCommitted(10)
  const first = await follower.next()
  for (let n = 0; n < 9; n++) {
    all.push(...say(live, 1_000))
    live.markCommitted(live.lastSeq)
  }
  live.finish(terminalOf(live))
  expect(seqsOf([first.value!, ...(await Array.fromAsync(follower))])).toEqual(upTo(9_011))
})

test('a follower that leaves stops waiting', async () => {
  const live = new LiveTurn(TURN)
  const left = new AbortController()
  const following = Array.fromAsync(live.batches({ after: 0, durable: false, signal: left.signal }, NOTHING_STORED))
  await turnOfTheLoop()
  left.abort()
  expect(await following).toEqual([])
})

test('steering is taken until the agent is done', () => {
  const live = new LiveTurn(TURN)
  expect(live.steer('one')).toBe(true)
  expect(live.takeSteering()).toBe('one')
  expect(live.steer('two')).toBe(true)
  live.close()
  expect(live.steer('three')).toBe(false)
  expect(live.pendingSteer).toBe('two')
})
