import { createId, type Clock } from '@talaria/core'
import { sql, type Selectable } from 'kysely'
import { z } from 'zod'
import type { Database } from '../database.ts'
import { decodeJson } from '../json-column.ts'
import { appendEvent } from './append-event.ts'
import { BoardError } from './board-error.ts'
import type { Actor, Approval, ApprovalGate } from './records.ts'
import type { ApprovalTable, BoardTables } from './tables.ts'

const GateColumn = z.custom<ApprovalGate>((value) => typeof value === 'object' && value !== null && 'kind' in value)

export interface NewApproval {
  readonly taskNumber: number
  readonly runId?: string
  /** What it is asked for: another revision of the task makes it void. */
  readonly taskRevision: number
  readonly gate: ApprovalGate
  readonly askedBy: Actor
  readonly expiresAt?: number
}

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
  ask({ taskNumber, runId, taskRevision, gate, askedBy, expiresAt }: NewApproval): Promise<Approval> {
    const now = this.#clock.now()
    const gateText = JSON.stringify(gate)
    return this.#database.write(async (tx) => {
      const known = await tx
        .selectFrom('approval')
        .selectAll()
        .where('task_number', '=', taskNumber)
        .where('task_revision', '=', taskRevision)
        .where('gate', '=', gateText)
        .where('state', 'in', ['waiting', 'approved'])
        .executeTakeFirst()
      if (known) return approvalOf(known)
      const row = await tx
        .insertInto('approval')
        .values({
          id: createId('apr', now),
          task_number: taskNumber,
          run_id: runId ?? null,
          task_revision: taskRevision,
          gate: gateText,
          validator: null,
          state: 'waiting',
          asked_by: askedBy,
          asked_at: now,
          expires_at: expiresAt ?? null,
          answered_by: null,
          answered_at: null,
          reason: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      await appendEvent(tx, {
        kind: 'approval.asked',
        actor: askedBy,
        taskNumber,
        runId: runId ?? null,
        payload: { approval: row.id, gate: gate.kind },
        at: now,
      })
      return approvalOf(row)
    })
  }

  /**
   * Says yes or no, once. @throws BoardError `NOT_FOUND`, and `APPROVAL_VOID` when it was answered already, has expired, or
   * the task is another one by now.
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

function approvalOf(row: Selectable<ApprovalTable>): Approval {
  return {
    id: row.id,
    taskNumber: row.task_number,
    runId: row.run_id,
    taskRevision: row.task_revision,
    gate: decodeJson(row.gate, GateColumn, 'approval.gate'),
    state: row.state as Approval['state'],
    askedBy: row.asked_by,
    askedAt: row.asked_at,
    expiresAt: row.expires_at,
    answeredBy: row.answered_by,
    answeredAt: row.answered_at,
    reason: row.reason,
  }
}
