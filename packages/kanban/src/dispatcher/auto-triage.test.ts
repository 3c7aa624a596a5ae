import { silentLog } from '@talaria/core'
import { FakeClock, until } from '@talaria/core/testing'
import type { Waiting } from '@talaria/db'
import { expect, test } from 'vitest'
import { planLine, testPlanner } from '../testing/planning.ts'
import { openTestBoards, type TestBoards } from '../testing/test-board.ts'
import { AutoTriage, type AutoTriageOptions } from './auto-triage.ts'

function triageOf(boards: TestBoards, clock: FakeClock, options: Partial<AutoTriageOptions> = {}) {
  const { planner, asked } = testPlanner(clock)
  const triage = new AutoTriage({
    storesOf: boards.storesOf,
    planner,
    isOn: true,
    atOnce: 3,
    mayAsk: () => true,
    actor: 'dispatcher:d1',
    clock,
    log: silentLog,
    ...options,
  })
  return { triage, asked }
}

const make = (boards: TestBoards, board: string, body: string) => boards.storesOf(board).tasks.create({ title: 'T', body, isTriage: true }, 'cli')
const left = async (boards: TestBoards, board: string) => (await boards.storesOf(board).tasks.list({ states: ['triage'], limit: 500 })).tasks.length

const WHOLE = planLine({ fanout: false, title: 'Clear', body: 'Goal.' })

/** @see the line "a fan-out starts 30 processes and freezes the host" of the incidents (hermes-agent #87284, vibe-kanban #1833) */
test('100 tasks in triage on two boards are never asked about more than three at once, and all begin', async () => {
  const clock = new FakeClock()
  await using boards = await openTestBoards(['a', 'b'], { clock })
  for (const board of ['a', 'b']) for (let n = 0; n < 50; n += 1) await make(boards, board, `!pause 1s\n${WHOLE}`)
  const { triage, asked } = triageOf(boards, clock)
  await using _ = triage
  for (const board of ['a', 'b', 'a', 'b']) triage.look(board)
  await until('every task has left triage', 20_000, async () => {
    if (asked.now >= 3 || asked.total === 100) await clock.advance(1_000)
    return (await left(boards, 'a')) + (await left(boards, 'b')) === 0
  })
  expect(asked).toMatchObject({ most: 3, total: 100 })
  expect((await boards.storesOf('a').board.stats()).byState).toEqual({ ready: 50 })
})

test('boards are asked about in turn, however many tasks one has', async () => {
  const clock = new FakeClock()
  await using boards = await openTestBoards(['a', 'b'], { clock })
  for (let n = 0; n < 5; n += 1) await make(boards, 'a', '!hang')
  await make(boards, 'b', WHOLE)
  const { triage, asked } = triageOf(boards, clock, { atOnce: 2 })
  await using _ = triage
  for (const board of ['a', 'b']) triage.look(board)
  await until('it is so', 5_000, async () => (await left(boards, 'b')) === 0)
  expect(asked.most).toBe(2)
})

test('a task that the model cannot be asked about says so, and is tried again after a pause that grows', async () => {
  const clock = new FakeClock()
  await using boards = await openTestBoards(['a'], { clock })
  await make(boards, 'a', '!fail 400 no such model')
  const { triage, asked } = triageOf(boards, clock)
  await using _ = triage
  const waiting = async (): Promise<Waiting | null | undefined> => (await boards.storesOf('a').tasks.get(1))?.waiting
  const look = async () => {
    const before = asked.total
    triage.look('a')
    await until('it is so', 5_000, () => asked.total > before && asked.now === 0)
  }
  await look()
  await until('it is so', 5_000, async () => (await waiting())?.detail.includes('It is tried again at') ?? false)
  expect(await waiting()).toMatchObject({ code: 'triage', detail: expect.stringContaining('no such model') })
  triage.look('a')
  await clock.advance(29_000)
  triage.look('a')
  await clock.advance(1_000)
  await look()
  expect(asked.total).toBe(2)
  await until('it is so', 5_000, async () => (await waiting())?.detail.includes(new Date(clock.now() + 60_000).toISOString()) ?? false)
})

const nothing = async (_: TestBoards): Promise<void> => {}

async function sayNo({ storesOf }: TestBoards): Promise<void> {
  await storesOf('a').board.change({ settings: { isAutoTriaged: false } }, { actor: 'cli' })
}

async function pause({ storesOf }: TestBoards): Promise<void> {
  await storesOf('a').board.pause('lunch', 'cli')
}

test.for([
  ['a board that says no', sayNo, {}],
  ['a paused board', pause, {}],
  ['a dispatcher that may not', nothing, { mayAsk: (): boolean => false }],
  ['a service that says no', nothing, { isOn: false }],
] as const)('the model is not asked on %s', async ([, prepare, options]) => {
  const clock = new FakeClock()
  await using boards = await openTestBoards(['a', 'b'], { clock })
  await boards.storesOf('b').board.change({ settings: { isAutoTriaged: true } }, { actor: 'cli' })
  for (const board of ['a', 'b']) await make(boards, board, WHOLE)
  await prepare(boards)
  const { triage, asked } = triageOf(boards, clock, options)
  await using _ = triage
  for (const board of ['a', 'b']) triage.look(board)
  // The other board says yes for itself.
  if (!('mayAsk' in options)) await until('it is so', 5_000, async () => (await left(boards, 'b')) === 0)
  expect([await left(boards, 'a'), asked.total]).toEqual([1, 'mayAsk' in options ? 0 : 1])
})

test('questions under way end with the dispatcher, and their tasks stay in triage', async () => {
  const clock = new FakeClock()
  await using boards = await openTestBoards(['a'], { clock })
  await make(boards, 'a', '!hang')
  const { triage, asked } = triageOf(boards, clock)
  triage.look('a')
  await until('it is so', 5_000, () => asked.now === 1)
  await triage[Symbol.asyncDispose]()
  await triage[Symbol.asyncDispose]()
  expect([asked.now, await left(boards, 'a')]).toEqual([0, 1])
})
