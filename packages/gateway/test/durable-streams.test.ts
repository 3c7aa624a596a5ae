import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog, systemClock } from '@talaria/core'
import { DatabaseError } from '@talaria/db'
import { checkForLeaks } from '@talaria/db/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { recoverTurns } from '../src/turns/recover-turns.ts'
import { Runner } from '../src/turns/runner.ts'
import { changing } from './changed-store.ts'
import { framesOf, type Frame } from './frames.ts'
import { startTestGateway, type TestGateway } from './start-test-gateway.ts'
import { TestAgent } from './test-agent.ts'

checkForLeaks()

const ROUNDS = process.env.TALARIA_TEST_FULL ? 200 : 12

/** Each stream whose frames a client may come back with: how it is begun, and how it is read again after a crash. */
const STREAMS: Readonly<
  Record<
    string,
    {
      readonly begin: (t: TestGateway) => Promise<Response>
      readonly again: (t: TestGateway, turnId: string) => Promise<Response>
      readonly comesBackWith: (frame: Frame) => boolean
    }
  >
> = {
  'the events of a run': {
    async begin(t) {
      const { run_id: id } = await t.api.json(t.api.post('/v1/runs', { input: 'Hello' }))
      return t.api.get(`/v1/runs/${id}/events`)
    },
    again: (t, turnId) => t.api.get(`/v1/runs/${turnId}/events`),
    comesBackWith: ({ id }) => id !== undefined,
  },
  'a response': {
    begin: (t) => t.api.post('/v1/responses', { input: 'Hello', stream: true, background: true }),
    async again(t, turnId) {
      const { id } = (await t.stores.responses.ofTurn(turnId))!
      return t.api.get(`/v1/responses/${id}?stream=true`)
    },
    comesBackWith: ({ data }) => data !== '[DONE]',
  },
  'a chat in a session': {
    async begin(t) {
      const { session } = await t.api.json(t.api.post('/api/sessions', {}))
      return t.api.post(`/api/sessions/${session.id}/chat/stream`, { message: 'Hello' })
    },
    // What is read again are the events of the run, under the same ids.
    again: (t, turnId) => t.api.get(`/v1/runs/${turnId}/events`),
    comesBackWith: ({ id }) => id !== undefined,
  },
}

const plan = fc.record({
  words: fc.array(fc.record({ count: fc.integer({ min: 1, max: 20 }), pauseMs: fc.nat(6) }), { minLength: 1, maxLength: 6 }),
  /** What becomes of each flush: how long the disk takes, and whether it refuses. */
  flushes: fc.array(fc.record({ ms: fc.nat(15), refuses: fc.boolean() }), { minLength: 1, maxLength: 8 }),
  crashMs: fc.nat(60),
})

test.each(Object.entries(STREAMS))(
  '%s: what a client was sent before a crash is there after it, word for word',
  async (_, { begin, again, comesBackWith }) => {
    await using home = await startTestGateway()
    let sent = 0
    await fc.assert(
      fc.asyncProperty(plan, async ({ words, flushes, crashMs }) => {
        let flush = 0
        await using t = await startTestGateway({
          beside: home,
          agent: new TestAgent(),
          between: (stores) => ({
            ...stores,
            turns: changing(stores.turns, 'appendEvents', (append) => async (...args) => {
              const { ms, refuses } = flushes[flush++ % flushes.length]!
              await sleep(ms)
              if (refuses && flush <= flushes.length) throw new DatabaseError('BUSY', 'gateway.db is locked by another process')
              return append(...args)
            }),
          }),
        })
        const seen: Frame[] = []
        const response = await begin(t)
        const frames = framesOf(response)
        const reading = (async () => {
          for await (const frame of frames) seen.push(frame)
        })().catch(() => {})
        const run = await t.agent.next()
        const { turnId } = run.request
        const speaking = (async () => {
          for (const { count, pauseMs } of words) {
            run.say(...Array.from({ length: count }, (__, n) => `word${n} `))
            await sleep(pauseMs)
          }
          run.finish()
        })()
        await sleep(crashMs)

        // The process is gone: from now on nothing of it counts, neither what it writes nor what it sends.
        const before = seen.filter(comesBackWith)
        sent += before.length
        await using finder = new Runner({ runners: home.stores.runners, turns: home.stores.turns, clock: systemClock, log: silentLog })
        await finder.register()
        await home.stores.turns.adopt((await home.stores.turns.get(turnId, { all: true }))!.runner, finder.id)
        await recoverTurns({ stores: home.stores, runner: finder, owns: () => false, clock: systemClock, log: silentLog })

        const after = (await Array.fromAsync(framesOf(await again(home, turnId)))).filter(comesBackWith)
        if (before[0]?.id === undefined) expect(after.slice(0, before.length).map(({ raw }) => raw)).toEqual(before.map(({ raw }) => raw))
        else expect(after.slice(0, before.length).map(({ id }) => id)).toEqual(before.map(({ id }) => id))
        await speaking
        await reading
      }),
      { numRuns: ROUNDS, endOnFailure: true },
    )
    // The crash came early sometimes, but not always.
    expect(sent).toBeGreaterThan(ROUNDS)
  },
  600_000,
)
