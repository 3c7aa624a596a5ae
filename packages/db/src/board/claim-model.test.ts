import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard, type TestBoard } from '../testing/open-test-board.ts'
import { rowsOf } from '../testing/rows-of.ts'
import type { Claim } from './records.ts'

checkForLeaks()

const RUNS = process.env.TALARIA_TEST_FULL ? 2_000 : 12
const TASKS = 4
const LEASE_MS = 1_000
const CAPS = { board: 3, perAssignee: 2 }

/** What the board must look like, as simply as it can be said. */
interface ModelTask {
  state: 'ready' | 'running' | 'review' | 'done'
  fence: number
  open: string | undefined
  leaseUntil: number
  /** By run: the end that may be said again. */
  readonly ended: Map<string, string>
}

/** By name: how a claim is ended, and where its task is then. */
const ENDS = {
  completed: { end: (t: TestBoard, claim: Claim) => t.claims.complete(claim, { summary: 's' }), to: 'done' },
  review_requested: { end: (t: TestBoard, claim: Claim) => t.claims.requestReview(claim, { summary: 's', reviewer: 'a0' }), to: 'review' },
  released: { end: (t: TestBoard, claim: Claim) => t.claims.release(claim, 'r'), to: 'source' },
  failed: {
    end: (t: TestBoard, claim: Claim) => t.claims.fail(claim, { class: 'crash', code: 'c', message: 'm' }, { isCounted: true }),
    to: 'source',
  },
} as const

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('claim' as const), task: fc.nat(TASKS - 1) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom(...(Object.keys(ENDS) as (keyof typeof ENDS)[])), claim: fc.nat(11) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('heartbeat' as const), claim: fc.nat(11) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), task: fc.nat(TASKS - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(LEASE_MS) }) },
)

test('whatever dispatchers, workers and people do, in whatever order, the board is where the simplest model of it is', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      await using t = await openTestBoard()
      const model: ModelTask[] = []
      for (let i = 0; i < TASKS; i++) {
        await t.tasks.create({ title: `T${i}`, assignee: `a${i % 2}` }, 'cli')
        model.push({ state: 'ready', fence: 0, open: undefined, leaseUntil: 0, ended: new Map() })
      }
      const claims: { claim: Claim; source: 'ready' | 'review' }[] = []
      for (const one of steps) {
        if (one.do === 'wait') await t.clock.advance(one.ms)
        else if (one.do === 'claim') {
          const task = model[one.task]!
          const running = await t.claims.open()
          const assignee = (await t.tasks.get(one.task + 1))!.assignee
          const isAllowed =
            (task.state === 'ready' || task.state === 'review') &&
            running.length < CAPS.board &&
            running.filter(({ run }) => run.assignee === assignee).length < CAPS.perAssignee
          const options = { dispatcher: 'd', host: 'h', now: t.clock.now(), leaseMs: LEASE_MS, caps: CAPS, executorOf: () => 'twin', tokenHash: 'x' }
          const claimed = await t.claims.claim(one.task + 1, options)
          expect('claim' in claimed).toBe(isAllowed)
          if (!('claim' in claimed)) continue
          claims.push({ claim: claimed.claim, source: task.state as 'ready' | 'review' })
          Object.assign(task, { state: 'running', fence: task.fence + 1, open: claimed.run.id, leaseUntil: t.clock.now() + LEASE_MS })
          expect(claimed.claim.fence).toBe(task.fence)
        } else if (one.do === 'reopen') {
          const task = model[one.task]!
          if (task.state !== 'done') continue
          await t.tasks.reopen(one.task + 1, { actor: 'cli' })
          task.state = 'ready'
        } else {
          const chosen = claims[one.claim]
          if (!chosen) continue
          const { claim, source } = chosen
          const task = model[claim.taskNumber - 1]!
          const isCurrent = task.open === claim.runId
          if (one.do === 'heartbeat') {
            expect((await t.claims.heartbeat([claim], LEASE_MS)).lost).toEqual(isCurrent ? [] : [claim.runId])
            if (isCurrent) task.leaseUntil = t.clock.now() + LEASE_MS
            continue
          }
          const { end, to } = ENDS[one.do]
          const mayEnd = isCurrent || task.ended.get(claim.runId) === one.do
          const outcome = await end(t, claim).then(
            () => true,
            (error: { code?: string }) => error.code !== 'CLAIM_LOST' && Promise.reject(error),
          )
          expect(outcome).toBe(mayEnd)
          if (!isCurrent) continue
          task.ended.set(claim.runId, one.do)
          Object.assign(task, { state: to === 'source' ? source : to, open: undefined })
        }
      }
      const rows = rowsOf(t.file, 'select state, fence, run_id as open from task order by number')
      expect(rows).toEqual(model.map(({ state, fence, open }) => ({ state, fence, open: open ?? null })))
      const open = rowsOf<{ id: string }>(t.file, 'select id from run where ended_at is null').map(({ id }) => id)
      expect(open.toSorted()).toEqual(model.flatMap((task) => task.open ?? []).toSorted())
      const late = model.flatMap(({ open: id, leaseUntil }) => (leaseUntil <= t.clock.now() ? (id ?? []) : []))
      expect((await t.claims.expired(t.clock.now())).map(({ run }) => run.id).toSorted()).toEqual(late.toSorted())
      const gaps = rowsOf<{ gaps: number }>(t.file, 'select max(seq) - count(*) as gaps from event')
      expect(gaps).toEqual([{ gaps: 0 }])
    }),
    { numRuns: RUNS },
  )
})
