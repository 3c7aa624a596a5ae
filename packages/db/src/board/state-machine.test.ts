import { writeFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { boardFaults } from '../testing/board-faults.ts'
import { BOARD_OPERATIONS, boardUser, operate, type BoardOperation } from '../testing/board-operations.ts'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'
import { rowsOf } from '../testing/rows-of.ts'
import { startChild } from '../testing/start-child.ts'

checkForLeaks()

const isFull = process.env.TALARIA_TEST_FULL !== undefined
const RUNS = isFull ? 300 : 12
const STEPS = isFull ? 300 : 240
const PROCESSES = isFull ? 4 : 2
const STEPS_EACH = isFull ? 10_000 : 80

/** What makes things happen comes up more often than what ends or undoes them. */
const OFTEN: readonly BoardOperation['name'][] = ['create', 'create', 'claim', 'claimNext', 'claimNext', 'completeRun', 'link', 'wait']

const operation: fc.Arbitrary<BoardOperation> = fc.record({
  name: fc.constantFrom(...BOARD_OPERATIONS, ...OFTEN),
  a: fc.nat(10_000),
  b: fc.nat(10_000),
  c: fc.nat(10_000),
})

test(
  'whatever is done to a board, in whatever order, each task is where its events say, by ways that there are, and every count is true',
  { timeout: 1_200_000 },
  async () => {
    const done = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: STEPS, size: 'max' }), async (operations) => {
        await using t = await openTestBoard()
        const user = boardUser(t, t.clock, (ms) => t.clock.advance(ms))
        for (const [index, one] of operations.entries()) {
          if (await operate(user, one)) done.add(one.name)
          if (index % 50 === 49) expect(boardFaults(t.file)).toEqual([])
        }
        expect(boardFaults(t.file)).toEqual([])
        const [spend] = rowsOf<{ cost: number }>(t.file, 'select coalesce(sum(cost_micros), 0) as cost from spend')
        expect(spend!.cost).toBe(user.costMicros)
      }),
      { numRuns: RUNS },
    )
    // Too few are done otherwise for chance to come to each.
    if (!isFull) return
    expect(
      BOARD_OPERATIONS.filter((name) => !done.has(name)),
      'each has been done',
    ).toEqual([])
  },
)

test('the same is true when several processes do it at once', { timeout: 1_200_000 }, async () => {
  await using t = await openTestBoard()
  const startFile = `${t.file}.start`
  const children = Array.from({ length: PROCESSES }, (_, seed) => startChild('board-user', [t.gatewayFile, startFile, String(seed + 1), String(STEPS_EACH)]))
  await Promise.all(children.map((child) => child.printed('ready')))
  writeFileSync(startFile, '')
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual(children.map(() => 0))
  expect(boardFaults(t.file)).toEqual([])
  const booked = children.flatMap(({ lines }) => lines.filter((line) => line.startsWith('booked'))).map((line) => Number(line.split(' ')[1]))
  const [spend] = rowsOf<{ cost: number }>(t.file, 'select coalesce(sum(cost_micros), 0) as cost from spend')
  expect(spend!.cost).toBe(booked.reduce((sum, one) => sum + one, 0))
  expect(rowsOf<{ runs: number }>(t.file, 'select count(*) as runs from run')[0]!.runs).toBeGreaterThan(PROCESSES)
})
