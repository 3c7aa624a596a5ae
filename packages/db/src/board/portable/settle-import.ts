import { sql } from 'kysely'
import type { Database } from '../../database.ts'
import type { Snapshot, Transaction } from '../../scope.ts'
import { appendEvent } from '../append-event.ts'
import { listedFiles } from '../../files.ts'
import { moveTask } from '../move-task.ts'
import type { Actor, LinkCondition } from '../records.ts'
import type { BoardTables } from '../tables.ts'
import { headOf, type TaskHead } from '../task-head.ts'
import { place } from '../task-links.ts'
import { endingOf, LINK_STATES } from '../task-parents.ts'
import { placeOf } from '../task-place.ts'
import type { PortableBoard } from './portable-tables.ts'
import { brokenArchive } from './tar.ts'

/** Tasks looked at in one write. */
const STEP = 100

/** Tables whose rows belong to a task. */
const OF_TASKS = ['task_label', 'comment', 'run', 'attachment', 'approval'] as const

export interface SettleOptions {
  readonly board: PortableBoard
  readonly folder: string
  readonly actor: Actor
  readonly at: number
}

/**
 * Makes a board of rows that came from elsewhere: what contradicts itself is refused, what follows from other rows is
 * worked out anew, and what ran is ready.
 *
 * @throws BoardError `INVALID`
 */
export async function settleImport(database: Database<BoardTables>, { board, folder, actor, at }: SettleOptions): Promise<void> {
  await database.read(async (db) => {
    await refuseStrays(db)
    await refuseCycles(db)
  })
  const files = new Set(listedFiles(folder))
  await database.write(async (tx) => {
    const attachments = await tx.selectFrom('attachment').select('id').execute()
    const lost = attachments.filter(({ id }) => !files.has(id)).map(({ id }) => id)
    await tx
      .deleteFrom('attachment')
      .where('id', 'in', sql<string>`(select value from json_each(${JSON.stringify(lost)}))`)
      .execute()
    await countParents(tx)
    await sql`update sqlite_sequence set seq = max(seq, ${board.lastTaskNumber}) where name = 'task'`.execute(tx)
  })
  for (let after: number | undefined = 0; after !== undefined;) after = await database.write((tx) => placeSome(tx, after!, { actor, at }))
  await database.write(async (tx) => {
    await appendEvent(tx, { kind: 'board.created', actor, payload: { importedFrom: board.slug, exportedAt: board.exportedAt }, at })
    const { seq } = await tx
      .selectFrom('event')
      .select((eb) => eb.fn.max('seq').as('seq'))
      .executeTakeFirstOrThrow()
    await tx.updateTable('search_progress').set({ seq, after_task: 0 }).execute()
  })
}

async function refuseStrays(db: Snapshot<BoardTables>): Promise<void> {
  const isStray = sql<boolean>`task_number not in (select number from task)`
  for (const table of OF_TASKS) {
    if (await db.selectFrom(table).select('task_number').where(isStray).limit(1).executeTakeFirst()) throw brokenArchive(`a ${table} belongs to no task`)
  }
  const link =
    await sql`select 1 from link where parent_number not in (select number from task) or child_number not in (select number from task) limit 1`.execute(db)
  if (link.rows.length > 0) throw brokenArchive('a link leads nowhere')
  const gone = await db.selectFrom('task').select('number').where('state', '=', 'running').where('deleted_at', 'is not', null).limit(1).executeTakeFirst()
  if (gone) throw brokenArchive('a deleted task runs')
}

/** Tasks that wait for each other in a circle would be told of each other's ends for ever. */
async function refuseCycles(db: Snapshot<BoardTables>): Promise<void> {
  const links = await db.selectFrom('link').select(['parent_number', 'child_number']).execute()
  const childrenOf = Map.groupBy(links, (link) => link.parent_number)
  const parents = new Map<number, number>()
  for (const link of links) parents.set(link.child_number, (parents.get(link.child_number) ?? 0) + 1)
  const free = [...childrenOf.keys()].filter((number) => !parents.has(number))
  let seen = 0
  for (const number of free) {
    for (const { child_number: child } of childrenOf.get(number) ?? []) {
      seen += 1
      const left = parents.get(child)! - 1
      parents.set(child, left)
      if (left === 0) free.push(child)
    }
  }
  if (seen < links.length) throw brokenArchive('tasks wait for each other in a circle')
}

/** Sets every link to what its parent's end makes of it, and every task's counters to what its links say. */
async function countParents(tx: Transaction<BoardTables>): Promise<void> {
  const parents = await tx
    .selectFrom('task')
    .select(['number', 'state', 'archived_from', 'verdict', 'block_kind', 'deleted_at'])
    .where('number', 'in', (eb) => eb.selectFrom('link').select('parent_number'))
    .execute()
  const byEnding = Map.groupBy(parents, endingOf)
  for (const [ending, tasks] of byEnding) {
    const numbers = sql<number>`(select value from json_each(${JSON.stringify(tasks.map(({ number }) => number))}))`
    for (const [condition, state] of Object.entries(LINK_STATES[ending]) as [LinkCondition, string][]) {
      await tx.updateTable('link').set({ state }).where('condition', '=', condition).where('parent_number', 'in', numbers).execute()
    }
  }
  const count = (state: string) => sql<number>`(select count(*) from link where child_number = task.number and state = ${state})`
  await tx
    .updateTable('task')
    .set({ open_parents: count('open'), met_parents: count('met'), dead_parents: count('dead') })
    .execute()
}

async function placeSome(tx: Transaction<BoardTables>, after: number, by: { readonly actor: Actor; readonly at: number }): Promise<number | undefined> {
  const tasks = await tx.selectFrom('task').select('number').where('number', '>', after).orderBy('number').limit(STEP).execute()
  for (const { number } of tasks) {
    const head = await headOf(tx, number)
    if (!head) continue
    const released = head.state === 'running' ? await release(tx, head, by) : head
    await place(tx, released, by)
  }
  return tasks.length === STEP ? tasks.at(-1)!.number : undefined
}

/** Its run ended with the export; how long it ran is counted as at any other end. */
async function release(tx: Transaction<BoardTables>, head: TaskHead, by: { readonly actor: Actor; readonly at: number }): Promise<TaskHead> {
  const run = await tx
    .selectFrom('run')
    .select(['claimed_at', 'ended_at'])
    .where('task_number', '=', head.number)
    .where('fence', '=', head.fence)
    .executeTakeFirst()
  const ranMs = run ? Math.max(0, (run.ended_at ?? 0) - run.claimed_at) : 0
  const to = placeOf({ ...head, not_before: null }, by.at)
  return moveTask(tx, head, { ...by, action: 'release', to: to === 'scheduled' ? 'todo' : to, changes: { run_ms: head.run_ms + ranMs } })
}
