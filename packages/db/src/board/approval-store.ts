import type { Clock } from '@talaria/core'
import { sql } from 'kysely'
import type { Database } from '../database.ts'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { approvalOf, askApproval, type NewApproval } from './approval-rows.ts'
import { BoardError } from './board-error.ts'
import type { Actor, Approval } from './records.ts'
import type { BoardTables } from './tables.ts'
import { changesRequested, completed, type By } from './task-actions.ts'
import { requireHead, type TaskHead } from './task-head.ts'

/** Words that work waits for, each bound to the task, the run and the revision that it was asked for. */
export class ApprovalStore {
  readonly #database: Database<BoardTables>
  readonly #clock: Clock

  constructor(database: Database<BoardTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Newest first; only those that wait, when asked so. */
  list({
    taskNumber,
    isWaiting = false,
    limit = 100,
  }: {
    readonly taskNumber?: number
    readonly isWaiting?: boolean
    readonly limit?: number
  }): Promise<readonly Approval[]> {
    return this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('approval')
        .selectAll()
        .$if(taskNumber !== undefined, (select) => select.where('task_number', '=', taskNumber!))
        .$if(isWaiting, (select) => select.where('state', '=', 'waiting'))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
      return rows.map(approvalOf)
    })
  }

  /** Asks for a word; the same question that still waits is not asked twice. */
  ask(asked: NewApproval): Promise<Approval> {
    const now = this.#clock.now()
    return this.#database.write((tx) => askApproval(tx, asked, now))
  }

  /**
   * Says yes or no, once. What has come to its review is done when nothing else of it waits for a word, and goes back to
   * who did it when the word is no.
   *
   * @throws BoardError `NOT_FOUND`, and `APPROVAL_VOID` when it was answered already, has expired, or the task is another
   * one by now.
   */
  answer(id: string, { approved, actor, reason }: { readonly approved: boolean; readonly actor: Actor; readonly reason?: string }): Promise<Approval> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const row = await tx.selectFrom('approval').selectAll().where('id', '=', id).executeTakeFirst()
      if (!row) throw new BoardError('NOT_FOUND', `There is no approval '${id.slice(0, 80)}'.`)
      const task = await tx.selectFrom('task').select(['revision', 'deleted_at']).where('number', '=', row.task_number).executeTakeFirst()
      const isVoid =
        row.state !== 'waiting' || task?.deleted_at !== null || task.revision !== row.task_revision || (row.expires_at !== null && row.expires_at <= now)
      if (isVoid)
        throw new BoardError(
          'APPROVAL_VOID',
          `What was asked for is not what is there now (${row.state === 'waiting' ? 'the task has changed, or it is too late' : row.state}).`,
        )
      const answered = await tx
        .updateTable('approval')
        .set({ state: approved ? 'approved' : 'denied', answered_by: actor, answered_at: now, reason: reason ?? null })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow()
      await appendEvent(tx, {
        kind: 'approval.answered',
        actor,
        taskNumber: row.task_number,
        runId: row.run_id,
        payload: { approval: id, approved, ...(reason && { reason }) },
        at: now,
      })
      const head = await requireHead(tx, row.task_number)
      if (head.state === 'review') await followAnswer(tx, head, { approved, reason, actor, at: now })
      return approvalOf(answered)
    })
  }

  /** Ends those that wait for too long, and those of tasks that are another one by now; returns how many. */
  expire(): Promise<number> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const late = await tx
        .updateTable('approval')
        .set({ state: sql<string>`case when expires_at <= ${now} then 'expired' else 'void' end` })
        .where('state', '=', 'waiting')
        .where((eb) =>
          eb.or([
            eb('expires_at', '<=', now),
            eb.not(
              eb.exists(
                eb
                  .selectFrom('task')
                  .select('number')
                  .whereRef('task.number', '=', 'approval.task_number')
                  .whereRef('task.revision', '=', 'approval.task_revision')
                  .where('deleted_at', 'is', null),
              ),
            ),
          ]),
        )
        .executeTakeFirstOrThrow()
      return Number(late.numUpdatedRows)
    })
  }
}

interface Answer extends By {
  readonly approved: boolean
  readonly reason: string | undefined
}

/** In the transaction of the answer, so that no word is given and then forgotten. */
async function followAnswer(tx: Transaction<BoardTables>, head: TaskHead, { approved, reason, ...by }: Answer): Promise<void> {
  if (!approved) {
    await changesRequested(reason?.trim() || 'It was not approved.')(tx, head, by)
    return
  }
  const other = await tx.selectFrom('approval').select('id').where('task_number', '=', head.number).where('state', '=', 'waiting').executeTakeFirst()
  if (!other) await completed({})(tx, head, by)
}
