import { codeOf } from '@talaria/core'
import { sql } from 'kysely'
import type { Database } from '../database.ts'
import type { Snapshot, Transaction } from '../scope.ts'
import { spaceOut } from '../search-text.ts'
import type { EventKind } from './records.ts'
import type { BoardTables } from './tables.ts'

/** Tasks indexed in one write: a few milliseconds. */
const STEP = 200

/** Beyond this a text is found by its beginning only; of comments, by the newest. */
const INDEXED_CHARACTERS = 50_000

/** After these a task reads differently. */
const TEXT_KINDS: readonly EventKind[] = ['task.created', 'task.changed', 'comment.added']

/** Other events are passed by without a write until there are so many that looking past them takes time. */
const MOST_PASSED = 2_000

/**
 * The full-text index over tasks and their comments, which follows the log of events a moment later: it is not in the
 * way of whoever writes to the board, and when it is damaged, nothing else is.
 */
export class TaskIndex {
  readonly #database: Database<BoardTables>

  constructor(database: Database<BoardTables>) {
    this.#database = database
  }

  /** Takes in whatever was written since the last time, a step at a time. Returns how many tasks. A damaged index is made anew, once. */
  async catchUp(signal?: AbortSignal): Promise<number> {
    let isAnew = false
    for (let indexed = 0; ;) {
      if (signal?.aborted || !(await this.#database.read(isBehind))) return indexed
      try {
        indexed += await this.#database.write(takeIn)
      } catch (error) {
        if (isAnew || codeOf(error) !== 'INDEX_CORRUPT') throw error
        await this.rebuild()
        isAnew = true
      }
    }
  }

  /** Empties the index; `catchUp` fills it again, from the tasks themselves: their first events may be long gone. */
  async rebuild(): Promise<void> {
    await this.#database.write(async (tx) => {
      const { rows } = await sql<{ sql: string }>`select sql from sqlite_schema where name = 'task_fts'`.execute(tx)
      await sql`drop table task_fts`.execute(tx)
      await sql.raw(rows[0]!.sql).execute(tx)
      await tx
        .updateTable('search_progress')
        .set({ seq: await newestEvent(tx), after_task: 0 })
        .execute()
    })
  }
}

async function isBehind(db: Snapshot<BoardTables>): Promise<boolean> {
  const { seq, after_task } = await db.selectFrom('search_progress').selectAll().executeTakeFirstOrThrow()
  if (after_task !== null) return true
  const next = await db.selectFrom('event').select('seq').where('seq', '>', seq).where('kind', 'in', TEXT_KINDS).orderBy('seq').limit(1).executeTakeFirst()
  return next !== undefined || (await newestEvent(db)) - seq > MOST_PASSED
}

async function newestEvent(db: Snapshot<BoardTables>): Promise<number> {
  return (await db.selectFrom('event').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst())?.seq ?? 0
}

async function takeIn(tx: Transaction<BoardTables>): Promise<number> {
  const { seq, after_task } = await tx.selectFrom('search_progress').selectAll().executeTakeFirstOrThrow()
  return after_task === null ? takeInEvents(tx, seq) : takeInTasks(tx, after_task)
}

async function takeInEvents(tx: Transaction<BoardTables>, after: number): Promise<number> {
  const events = await tx
    .selectFrom('event')
    .select(['seq', 'task_number'])
    .where('seq', '>', after)
    .where('kind', 'in', TEXT_KINDS)
    .orderBy('seq')
    .limit(STEP)
    .execute()
  const numbers = new Set(events.flatMap(({ task_number }) => task_number ?? []))
  for (const number of numbers) await index(tx, number)
  const seq = events.length === STEP ? events.at(-1)!.seq : await newestEvent(tx)
  await tx.updateTable('search_progress').set({ seq }).execute()
  return numbers.size
}

async function takeInTasks(tx: Transaction<BoardTables>, after: number): Promise<number> {
  const tasks = await tx.selectFrom('task').select('number').where('number', '>', after).orderBy('number').limit(STEP).execute()
  for (const { number } of tasks) await index(tx, number)
  await tx
    .updateTable('search_progress')
    .set({ after_task: tasks.length === STEP ? tasks.at(-1)!.number : null })
    .execute()
  return tasks.length
}

/** Puts a task into the index in the place of what it was before; one that was purged is in it no more. */
async function index(tx: Transaction<BoardTables>, number: number): Promise<void> {
  await tx.deleteFrom('task_fts').where('rowid', '=', number).execute()
  const task = await tx.selectFrom('task').select(['title', 'body']).where('number', '=', number).executeTakeFirst()
  if (!task) return
  const comments = await commentsOf(tx, number)
  await tx
    .insertInto('task_fts')
    .values({ rowid: number, title: indexed(task.title), body: indexed(task.body), comments: indexed(comments) })
    .execute()
}

async function commentsOf(tx: Transaction<BoardTables>, number: number): Promise<string> {
  const rows = await tx.selectFrom('comment').select('body').where('task_number', '=', number).orderBy('id', 'desc').limit(STEP).execute()
  return rows.map(({ body }) => body).join('\n')
}

function indexed(text: string): string {
  return spaceOut(text.slice(0, INDEXED_CHARACTERS))
}
