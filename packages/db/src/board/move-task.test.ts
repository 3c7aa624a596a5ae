import { silentLog, systemClock } from '@talaria/core'
import { expect, test } from 'vitest'
import { Database } from '../database.ts'
import { Registry } from '../registry.ts'
import type { Transaction } from '../scope.ts'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { temporaryHome } from '../testing/temporary-home.ts'
import { moveTask } from './move-task.ts'
import type { TaskState } from './records.ts'
import { boardSchema } from './schema.ts'
import type { BoardTables } from './tables.ts'
import { insertTask } from './task-create.ts'
import { requireHead } from './task-head.ts'
import { actionsFrom, TRANSITIONS, type TaskAction } from './transitions.ts'

checkForLeaks()

const STATES: readonly TaskState[] = ['triage', 'todo', 'scheduled', 'ready', 'running', 'review', 'blocked', 'done', 'archived']
const ACTIONS = Object.keys(TRANSITIONS) as TaskAction[]
const by = { actor: 'user:ada', at: 2_000 }

function openBoardDatabase() {
  const home = temporaryHome()
  const registry = new Registry({ clock: systemClock, log: silentLog, lingerMs: 60_000, maxDatabases: 1, graceMs: 5_000 })
  const database = new Database<BoardTables>(registry, { location: { file: home.file('board.db') }, schema: boardSchema, isOwner: true })
  return {
    database,
    async [Symbol.asyncDispose]() {
      await registry.close()
      home[Symbol.dispose]()
    },
  }
}

/** A task as if it had come to a state; a running one has an open run. */
async function taskIn(tx: Transaction<BoardTables>, state: TaskState) {
  const { task } = await insertTask(tx, { title: state, assignee: 'coder' }, { actor: 'cli', at: 1_000 })
  const runId = `run_${task.number}`
  const isRunning = state === 'running'
  await tx
    .updateTable('task')
    .set({ state, run_id: isRunning ? runId : null, fence: isRunning ? 1 : 0 })
    .where('number', '=', task.number)
    .execute()
  const run = {
    attempt: 1,
    fence: 1,
    executor: 'agent',
    source_state: 'ready',
    task_revision: 1,
    dispatcher: 'd',
    host: 'h',
    token_hash: 't',
    claimed_at: 1_500,
  }
  if (isRunning)
    await tx
      .insertInto('run')
      .values({ id: runId, task_number: task.number, lease_expires_at: 9_000, ...run })
      .execute()
  return requireHead(tx, task.number)
}

test.each(ACTIONS)('%s leads from the states and to the states that the table names, and nowhere else', async (action) => {
  await using t = openBoardDatabase()
  const attempts = STATES.flatMap((from) => STATES.map((to) => ({ from, to })))
  const ways = await Promise.all(
    attempts.map(async ({ from, to }) => {
      const move = t.database.write(async (tx) => {
        const before = await taskIn(tx, from)
        await moveTask(tx, before, { ...by, action, to })
        return { before, after: await requireHead(tx, before.number) }
      })
      return move.then(
        ({ before, after }) => {
          expect([after.state, after.revision]).toEqual([to, before.revision + 1])
          return `${from} → ${to}`
        },
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'ILLEGAL_TRANSITION', details: { from, action, allowed: actionsFrom(from) } })
          return undefined
        },
      )
    }),
  )
  const { from, to } = TRANSITIONS[action]
  const expected = attempts.filter((way) => from.includes(way.from) && to.includes(way.to)).map((way) => `${way.from} → ${way.to}`)
  expect(ways.filter((way) => way !== undefined)).toEqual(expected)
})

test.each(ACTIONS.filter((action) => TRANSITIONS[action].from.includes('running')))(
  '%s out of running closes the run, and its event says which it was',
  async (action) => {
    await using t = openBoardDatabase()
    const to = TRANSITIONS[action].to[0]!
    const { head, run, events } = await t.database.write(async (tx) => {
      const before = await taskIn(tx, 'running')
      const head = await moveTask(tx, before, { ...by, action, to })
      const run = await tx.selectFrom('run').selectAll().executeTakeFirstOrThrow()
      return { head, run, events: await tx.selectFrom('event').selectAll().orderBy('seq').execute() }
    })
    expect(head).toMatchObject({ state: to, run_id: null, run_ms: 500 })
    expect(run).toMatchObject({ outcome: 'fenced', ended_at: 2_000 })
    expect(events.map(({ seq }) => seq)).toEqual([1, 2])
    expect(events[1]).toMatchObject({ run_id: run.id, actor: 'user:ada', at: 2_000 })
    expect(JSON.parse(events[1]!.payload)).toMatchObject({ from: 'running', to })
  },
)

test('a run ends as whoever moves the task says, and only once', async () => {
  await using t = openBoardDatabase()
  const run = await t.database.write(async (tx) => {
    const running = await taskIn(tx, 'running')
    const done = await moveTask(tx, running, { ...by, action: 'complete', to: 'done', run: { outcome: 'completed', summary: 'did it', exitCode: 0 } })
    await moveTask(tx, { ...done, state: 'running', run_id: running.run_id }, { ...by, action: 'release', to: 'ready', run: { outcome: 'released' } })
    return tx.selectFrom('run').selectAll().executeTakeFirstOrThrow()
  })
  expect(run).toMatchObject({ outcome: 'completed', summary: 'did it', exit_code: 0 })
})

test('priority and age make one order: an hour of waiting is worth one step', async () => {
  await using t = openBoardDatabase()
  const rows = await t.database.write(async (tx) => {
    for (const [title, priority, at] of [
      ['new', 0, 3_600_000],
      ['urgent', 2, 3_600_000],
      ['old', 0, 0],
      ['just urgent', 1, 3_600_001],
    ] as const)
      await insertTask(tx, { title, priority }, { actor: 'cli', at })
    return tx.selectFrom('task').select('title').orderBy('rank', 'desc').orderBy('number').execute()
  })
  expect(rows.map(({ title }) => title)).toEqual(['urgent', 'old', 'just urgent', 'new'])
})
