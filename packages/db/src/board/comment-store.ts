import { createId, type Clock } from '@talaria/core'
import type { Selectable } from 'kysely'
import type { Database } from '../database.ts'
import { appendEvent } from './append-event.ts'
import { BoardError, invalidField } from './board-error.ts'
import type { Actor, Comment } from './records.ts'
import type { BoardTables, CommentTable } from './tables.ts'

/** Longer ones belong into an attachment. */
const LONGEST = 100_000

/** What people and workers say about a task. */
export class CommentStore {
  readonly #database: Database<BoardTables>
  readonly #clock: Clock

  constructor(database: Database<BoardTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  get(id: string): Promise<Comment | undefined> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('comment').selectAll().where('id', '=', id).executeTakeFirst()
      return row && commentOf(row)
    })
  }

  /** Oldest first; with `after`, those that came after that one. */
  list(taskNumber: number, { limit, after }: { readonly limit: number; readonly after?: string }): Promise<readonly Comment[]> {
    return this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('comment')
        .selectAll()
        .where('task_number', '=', taskNumber)
        .$if(after !== undefined, (select) => select.where('id', '>', after!))
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(commentOf)
    })
  }

  /** The newest ones, oldest of them first. */
  latest(taskNumber: number, limit: number): Promise<readonly Comment[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('comment').selectAll().where('task_number', '=', taskNumber).orderBy('id', 'desc').limit(limit).execute()
      return rows.map(commentOf).toReversed()
    })
  }

  /** @throws BoardError `INVALID`, `TASK_NOT_FOUND` */
  async add(taskNumber: number, { body, author, runId }: { readonly body: string; readonly author: Actor; readonly runId?: string }): Promise<Comment> {
    if (body.trim() === '') throw invalidField('body', 'some text')
    if (body.length > LONGEST) throw invalidField('body', `at most ${LONGEST} characters; attach a file for more`)
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const task = await tx.selectFrom('task').select('number').where('number', '=', taskNumber).where('deleted_at', 'is', null).executeTakeFirst()
      if (!task) throw new BoardError('TASK_NOT_FOUND', `There is no task #${taskNumber}.`)
      const row = await tx
        .insertInto('comment')
        .values({ id: createId('com', now), task_number: taskNumber, run_id: runId ?? null, author, body, created_at: now })
        .returningAll()
        .executeTakeFirstOrThrow()
      await tx.updateTable('task').set({ updated_at: now }).where('number', '=', taskNumber).execute()
      await appendEvent(tx, {
        kind: 'comment.added',
        actor: author,
        taskNumber,
        runId: runId ?? null,
        payload: { comment: row.id, length: body.length },
        at: now,
      })
      return commentOf(row)
    })
  }
}

function commentOf(row: Selectable<CommentTable>): Comment {
  return { id: row.id, taskNumber: row.task_number, runId: row.run_id, author: row.author, body: row.body, createdAt: row.created_at }
}
