import { join } from 'node:path'
import { silentLog, systemClock, type Clock } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import { parseSchedule } from '@talaria/core/schedule'
import { until } from '@talaria/core/testing'
import type { Claim } from '@talaria/db'
import { expect, test } from 'vitest'
import { kanbanSettings, type KanbanSettings } from '../settings.ts'
import { openTestBoards, type TestBoards } from '../testing/test-board.ts'
import { TwinExecutor, type TwinWork } from '../workers/twin-executor.ts'
import { BUILT_IN_AGENT } from '../workers/worker-definition.ts'
import { WorkerPool } from '../workers/worker-pool.ts'
import { Dispatcher } from './dispatcher.ts'
import { FAILURE_POLICY } from './failure-policy.ts'

interface Setup {
  readonly settings?: Partial<KanbanSettings>
  readonly clock?: Clock
  readonly id?: string
  readonly maxRunning?: number
  readonly isPaused?: () => boolean
}

async function dispatcherOf(
  test: TestBoards,
  work: TwinWork,
  { settings: changes, clock = systemClock, id = 'one', maxRunning = 4, isPaused = () => false }: Setup = {},
) {
  const settings = { ...(await loadSettings(kanbanSettings, { env: {}, home: test.home })), ...changes }
  const { storesOf } = test
  const pool: WorkerPool = new WorkerPool({
    executor: new TwinExecutor(work),
    storesOf,
    workerOf: () => BUILT_IN_AGENT,
    prepare: async () => test.home,
    socket: '/nowhere',
    logsFolder: join(test.home, 'logs'),
    stopGraceMs: 50,
    failed: (claim, failure, exit) => dispatcher.failed(claim, failure, exit),
    onFreed: () => dispatcher.wake(),
    clock,
    log: silentLog,
  })
  const dispatcher: Dispatcher = new Dispatcher({
    id,
    boards: test.databases.boards,
    storesOf,
    pool,
    settings,
    workerOf: () => BUILT_IN_AGENT,
    maxRunning: () => maxRunning,
    memoryPressure: () => 'none',
    isPaused,
    random: () => 1,
    clock,
    log: silentLog,
  })
  return {
    dispatcher,
    pool,
    async [Symbol.asyncDispose]() {
      await dispatcher[Symbol.asyncDispose]()
      await pool[Symbol.asyncDispose]()
    },
  }
}

const completing =
  (test: TestBoards): TwinWork =>
  async ({ claim }) => {
    await test.storesOf(claim.board).claims.complete(claim, { summary: 'done' })
  }

const forever: TwinWork = (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ code: 0, signal: null })))

const stateOf = async (test: TestBoards, number: number, board = 'default') => (await test.storesOf(board).tasks.get(number))!.state

test('a task is begun as soon as it is ready, and its child as soon as it is done', async () => {
  await using boards = await openTestBoards()
  await using running = await dispatcherOf(boards, completing(boards), { settings: { tick: 60_000 } })
  running.dispatcher.start()
  const { tasks } = boards.storesOf('default')
  const { task } = await tasks.create({ title: 'first', assignee: 'anna' }, 'test')
  await tasks.create({ title: 'second', assignee: 'anna', parents: [{ id: task.id }] }, 'test')
  await until('both are done', 5_000, async () => (await stateOf(boards, 2)) === 'done')
  const runs = await boards.storesOf('default').claims.ofTask(1)
  expect(runs).toMatchObject([{ outcome: 'completed', fence: 1 }])
})

test('a task that a routine makes is begun at its time, without a tick', async () => {
  await using boards = await openTestBoards()
  await using running = await dispatcherOf(boards, completing(boards), { settings: { tick: 60_000 } })
  running.dispatcher.start()
  const schedules = [parseSchedule('in 1s', { now: systemClock.now(), timezone: 'UTC' })]
  const definition = { name: 'r', template: { title: 'T', assignee: 'anna' }, schedules, timezone: 'UTC', catchUp: 'one', overlap: 'skip' } as const
  await boards.storesOf('default').routines.create(definition, 'test')
  await until('its task is done', 5_000, async () => (await boards.storesOf('default').tasks.get(1))?.state === 'done')
})

test('limits of host, board and assignee hold, however many tasks there are, and each of the waiting ones knows why', async () => {
  await using boards = await openTestBoards(['default', 'other'])
  let most = 0
  let now = 0
  const work: TwinWork = async ({ claim }) => {
    most = Math.max(most, (now += 1))
    await new Promise((resolve) => setTimeout(resolve, 5))
    now -= 1
    await boards.storesOf(claim.board).claims.complete(claim, { summary: 'done' })
  }
  await using running = await dispatcherOf(boards, work, { maxRunning: 3, settings: { maxRunningPerBoard: 2, maxRunningPerAssignee: 2 } })
  for (const board of ['default', 'other']) {
    const { tasks } = boards.storesOf(board)
    for (let index = 0; index < 20; index += 1) await tasks.create({ title: `t${index}`, assignee: 'anna' }, 'test')
  }
  running.dispatcher.start()
  await until('something waits for room', 5_000, async () => {
    const { tasks } = await boards.storesOf('default').tasks.list({ limit: 50 })
    return tasks.some(({ waiting }) => waiting?.code === 'board_cap' || waiting?.code === 'host_cap')
  })
  await until(
    'all are done',
    20_000,
    async () => (await boards.storesOf('default').board.stats()).byState.done === 20 && (await boards.storesOf('other').board.stats()).byState.done === 20,
  )
  expect(most).toBe(3)
})

test('a task whose worker ends without a word fails by protocol and waits; after its attempts it is given up', async () => {
  await using boards = await openTestBoards()
  await using running = await dispatcherOf(boards, async () => ({ code: 0, signal: null }), { settings: { maxAttempts: 2 } })
  const { tasks } = boards.storesOf('default')
  await tasks.create({ title: 'silent', assignee: 'anna' }, 'test')
  const before = Date.now()
  running.dispatcher.start()
  await until('it has failed once', 5_000, async () => (await tasks.get(1))!.failures === 1)
  const failed = (await tasks.get(1))!
  expect(failed).toMatchObject({ state: 'ready', lastFailure: { class: 'protocol' }, waiting: { code: 'backoff' } })
  expect(failed.nextAttemptAt! - before).toBeGreaterThanOrEqual(FAILURE_POLICY.protocol.baseMs)
  const [run] = await boards.storesOf('default').claims.ofTask(1)
  await running.dispatcher.failed(await claimAgain(boards), run!.failure!)
  expect(await tasks.get(1)).toMatchObject({ state: 'blocked', failures: 2, block: { kind: 'gave_up' } })
})

/** Claims task 1 as if its back-off were over. */
async function claimAgain(boards: TestBoards): Promise<Claim> {
  const { claims } = boards.storesOf('default')
  const now = Date.now() + 3_600_000
  const claimed = await claims.claim(1, { dispatcher: 'x', host: 'h', now, leaseMs: 60_000, caps: {}, executorOf: () => 'agent', tokenHash: 'x' })
  if ('refused' in claimed) throw new Error(claimed.refused)
  return claimed.claim
}

test('a worker whose task is taken away is told to stop', async () => {
  await using boards = await openTestBoards()
  let isStopped = false
  const work: TwinWork = (request, signal) => forever(request, signal).finally(() => (isStopped = true))
  await using running = await dispatcherOf(boards, work)
  const { tasks } = boards.storesOf('default')
  await tasks.create({ title: 'long', assignee: 'anna' }, 'test')
  running.dispatcher.start()
  await until('it runs', 5_000, async () => (await stateOf(boards, 1)) === 'running')
  await tasks.block(1, { kind: 'needs_input', reason: 'wait' }, { actor: 'test' })
  await until('its worker is gone', 5_000, () => isStopped)
  await until('nobody is watched', 5_000, () => running.pool.size === 0)
  expect(await stateOf(boards, 1)).toBe('blocked')
})

test('a worker that is asked to stop leaves its task to a person', async () => {
  await using boards = await openTestBoards()
  await using running = await dispatcherOf(boards, forever)
  const { tasks, claims } = boards.storesOf('default')
  await tasks.create({ title: 'long', assignee: 'anna' }, 'test')
  running.dispatcher.start()
  await until('it runs', 5_000, async () => running.pool.size === 1)
  const [run] = await claims.ofTask(1)
  await claims.wish({ runId: run!.id, wish: 'stop', reason: 'enough', actor: 'test' })
  await until('it is blocked', 5_000, async () => (await stateOf(boards, 1)) === 'blocked')
  expect((await tasks.get(1))!.block).toMatchObject({ kind: 'needs_input', reason: 'Stopped: enough' })
})

test('two dispatchers of one home share the work, and together they keep to the limits', async () => {
  await using boards = await openTestBoards()
  const begun: string[] = []
  let now = 0
  let most = 0
  const work: TwinWork = async ({ claim }) => {
    begun.push(claim.taskId)
    most = Math.max(most, (now += 1))
    await new Promise((resolve) => setTimeout(resolve, 2))
    now -= 1
    await boards.storesOf(claim.board).claims.complete(claim, { summary: 'done' })
  }
  await using first = await dispatcherOf(boards, work, { id: 'one', maxRunning: 3, settings: { maxRunningPerAssignee: 99, maxRunningPerBoard: 99 } })
  await using second = await dispatcherOf(boards, work, { id: 'two', maxRunning: 3, settings: { maxRunningPerAssignee: 99, maxRunningPerBoard: 99 } })
  const { tasks, board } = boards.storesOf('default')
  for (let index = 0; index < 30; index += 1) await tasks.create({ title: `t${index}`, assignee: 'anna' }, 'test')
  first.dispatcher.start()
  second.dispatcher.start()
  await until('all are done', 20_000, async () => (await board.stats()).byState.done === 30)
  expect(begun.toSorted()).toEqual([...new Set(begun)].toSorted())
  expect(begun).toHaveLength(30)
  expect(most).toBeLessThanOrEqual(3)
})

test('a pause begins nothing, and what waits says so', async () => {
  await using boards = await openTestBoards()
  let isPaused = true
  await using running = await dispatcherOf(boards, completing(boards), { isPaused: () => isPaused })
  const { tasks } = boards.storesOf('default')
  await tasks.create({ title: 'later', assignee: 'anna' }, 'test')
  running.dispatcher.start()
  await until('it knows why', 5_000, async () => (await tasks.get(1))!.waiting?.code === 'dispatcher_paused')
  isPaused = false
  running.dispatcher.wake()
  await until('it is done', 5_000, async () => (await stateOf(boards, 1)) === 'done')
})

test('a board that is deleted under the dispatcher is let go, and the others go on', async () => {
  await using boards = await openTestBoards(['default', 'doomed'])
  await using running = await dispatcherOf(boards, completing(boards))
  running.dispatcher.start()
  await boards.storesOf('doomed').tasks.create({ title: 'x' }, 'test')
  await boards.databases.boards.remove('doomed')
  await until('its file is gone', 5_000, async () => {
    await boards.databases.boards.sweep()
    return !boards.databases.boards.slugs().includes('doomed')
  })
  await boards.storesOf('default').tasks.create({ title: 'y', assignee: 'anna' }, 'test')
  await until('the other board goes on', 5_000, async () => (await stateOf(boards, 1)) === 'done')
})

test('tasks that name nobody get the default assignee, and without one they say that they wait for it', async () => {
  await using boards = await openTestBoards(['default', 'other'])
  await using running = await dispatcherOf(boards, completing(boards))
  await boards.storesOf('other').board.change({ settings: { defaultAssignee: 'anna' } }, { actor: 'test' })
  for (const board of ['default', 'other']) await boards.storesOf(board).tasks.create({ title: 'whose?' }, 'test')
  running.dispatcher.start()
  await until('one is done', 5_000, async () => (await stateOf(boards, 1, 'other')) === 'done')
  expect((await boards.storesOf('other').tasks.get(1))!.assignee).toBe('anna')
  await until('the other knows why', 5_000, async () => (await boards.storesOf('default').tasks.get(1))!.waiting?.code === 'unassigned')
})

test('a day whose budget is used up begins nothing, and says so', async () => {
  await using boards = await openTestBoards()
  await using running = await dispatcherOf(boards, async ({ claim }) => {
    await boards.storesOf('default').claims.complete(claim, { summary: 'done', spend: { inputTokens: 90, outputTokens: 20, costMicros: 0 } })
  })
  const { board, tasks } = boards.storesOf('default')
  await board.change({ settings: { dayBudget: { tokens: 100 } } }, { actor: 'test' })
  await tasks.create({ title: 'first', assignee: 'anna' }, 'test')
  running.dispatcher.start()
  await until('the first is done', 5_000, async () => (await stateOf(boards, 1)) === 'done')
  await tasks.create({ title: 'second', assignee: 'anna' }, 'test')
  await until('the second knows why', 5_000, async () => (await tasks.get(2))!.waiting?.code === 'budget')
  expect((await tasks.get(2))!.waiting!.detail).toContain('100 tokens')
})
