import { FakeClock } from '@talaria/core/testing'
import type { BoardSettings } from '@talaria/db'
import { expect, test } from 'vitest'
import { openTestBoards, type TestBoards } from '../testing/test-board.ts'
import { claimAgain, claimTask, openWorkerApi, workerOf } from '../testing/test-worker.ts'
import { boardBudgetRefusal, budgetLeft, taskBudgetRefusal } from './budgets.ts'

const spend = { inputTokens: 600, outputTokens: 400, costMicros: 2_000_000 }

test('a budget is used up when what it limits has come to it, and what it does not name has no limit', () => {
  const task = { settings: {}, spend, runMs: 60_000 }
  const board = { settings: {} }
  expect(taskBudgetRefusal(task, board)).toBeUndefined()
  expect(taskBudgetRefusal({ ...task, settings: { budget: { tokens: 1_001, costMicros: 2_000_001, runMs: 60_001 } } }, board)).toBeUndefined()
  expect(taskBudgetRefusal({ ...task, settings: { budget: { tokens: 1_000 } } }, board)).toMatchObject({ budget: 'task', measure: 'tokens', spent: 1_000 })
  expect(taskBudgetRefusal({ ...task, settings: { budget: { costMicros: 2_000_000 } } }, board)?.detail).toContain('a cost of 2.00')
  expect(taskBudgetRefusal({ ...task, settings: { budget: { runMs: 90_000 } } }, board, 30_000)).toMatchObject({ measure: 'runMs', spent: 90_000 })
})

test("a board's budget for each task holds where the task says nothing of its own, and what is left is what was not spent", () => {
  const board = { settings: { taskBudget: { tokens: 900, costMicros: 5_000_000 } } }
  const task = { settings: { budget: { tokens: 5_000 } }, spend, runMs: 0 }
  expect(taskBudgetRefusal(task, board)).toBeUndefined()
  expect(taskBudgetRefusal({ ...task, settings: {} }, board)).toMatchObject({ measure: 'tokens', limit: 900 })
  expect(budgetLeft(task, board)).toEqual({ tokens: 4_000, costMicros: 3_000_000 })
  expect(budgetLeft({ ...task, settings: {} }, board)).toEqual({ tokens: 0, costMicros: 3_000_000 })
})

test('a board is held back by its day before its whole', () => {
  const spent = { spend: { ...spend, runMs: 0 }, spendToday: { ...spend, inputTokens: 0, runMs: 0 } }
  expect(boardBudgetRefusal({ settings: { boardBudget: { tokens: 1_000 }, dayBudget: { tokens: 1_000 } } }, spent)).toMatchObject({ budget: 'board' })
  expect(boardBudgetRefusal({ settings: { boardBudget: { tokens: 1_000 }, dayBudget: { tokens: 400 } } }, spent)).toMatchObject({ budget: 'day' })
})

async function workersOn(boards: TestBoards, clock: FakeClock, settings: BoardSettings) {
  await boards.storesOf('default').board.change({ settings }, { actor: 'test' })
  const { api } = openWorkerApi(boards, { clock })
  const beat = async (claimed: Awaited<ReturnType<typeof claimTask>>, said: object) => {
    const answer = workerOf(api, claimed).post('/run/heartbeat', said)
    await clock.advance(10)
    return answer
  }
  return { beat }
}

test('a worker that says it has used its budget up is told to stop, and its task waits for a person', async () => {
  const clock = new FakeClock()
  await using boards = await openTestBoards(['default'], { clock })
  const { beat } = await workersOn(boards, clock, {})
  const claimed = await claimTask(boards, { settings: { budget: { tokens: 1_000 } } }, { clock })
  expect((await beat(claimed, { spend: { inputTokens: 999 } })).body).toMatchObject({ wish: null })
  expect((await beat(claimed, { spend: { inputTokens: 999, outputTokens: 1 } })).body).toMatchObject({
    wish: 'stop',
    reason: expect.stringContaining('1,000 tokens'),
  })
  expect(await boards.storesOf('default').tasks.get(1)).toMatchObject({
    state: 'blocked',
    block: { kind: 'gave_up' },
    lastFailure: { class: 'budget', code: 'task_tokens' },
    spend: { inputTokens: 999, outputTokens: 1 },
  })
  expect((await beat(claimed, {})).body.error.code).toBe('CLAIM_LOST')
})

test('the time of an attempt counts for its task as long as it runs', async () => {
  const clock = new FakeClock()
  await using boards = await openTestBoards(['default'], { clock })
  const { beat } = await workersOn(boards, clock, { taskBudget: { runMs: 60_000 } })
  const claimed = await claimTask(boards, {}, { clock })
  expect((await beat(claimed, {})).body).toMatchObject({ wish: null })
  await clock.advance(59_990)
  expect((await beat(claimed, {})).body).toMatchObject({ wish: 'stop' })
  expect((await boards.storesOf('default').tasks.get(1))!.lastFailure).toMatchObject({ code: 'task_runMs' })
})

test("a day's budget that is used up stops what runs until tomorrow, and nobody has failed", async () => {
  const clock = new FakeClock(Date.parse('2026-11-24T20:00:00Z'))
  await using boards = await openTestBoards(['default'], { clock })
  const { beat } = await workersOn(boards, clock, { dayBudget: { costMicros: 500 } })
  const claimed = [await claimTask(boards, {}, { clock }), await claimTask(boards, {}, { clock })]
  expect((await beat(claimed[0]!, { spend: { costMicros: 500 } })).body).toMatchObject({ wish: 'stop' })
  const { tasks } = boards.storesOf('default')
  expect(await tasks.get(1)).toMatchObject({ state: 'ready', failures: 0, nextAttemptAt: Date.parse('2026-11-25T00:00:00Z') })
  expect((await beat(claimed[1]!, {})).body).toMatchObject({ wish: 'stop' })
  await clock.advance(4 * 3_600_000)
  const again = await claimAgain(boards, 1, { clock })
  expect((await beat(again, {})).body).toMatchObject({ wish: null })
})
