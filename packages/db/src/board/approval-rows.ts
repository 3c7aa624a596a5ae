import { createId } from '@talaria/core'
import type { Selectable } from 'kysely'
import { z } from 'zod'
import { decodeJson } from '../json-column.ts'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import type { Actor, Approval, ApprovalGate } from './records.ts'
import type { ApprovalTable, BoardTables } from './tables.ts'

/** What is asked for, and of which task in which revision. */
export interface NewApproval {
  readonly taskNumber: number
  readonly runId?: string
  /** What it is asked for: another revision of the task makes it void. */
  readonly taskRevision: number
  readonly gate: ApprovalGate
  readonly askedBy: Actor
  readonly expiresAt?: number
}

/** Asks for a word; the same question that still waits is not asked twice. */
export async function askApproval(tx: Transaction<BoardTables>, asked: NewApproval, at: number): Promise<Approval> {
  const { taskNumber, runId = null, taskRevision, gate, askedBy, expiresAt = null } = asked
  const gateText = JSON.stringify(gate)
  const known = await tx
    .selectFrom('approval')
    .selectAll()
    .where('task_number', '=', taskNumber)
    .where('task_revision', '=', taskRevision)
    .where('gate', '=', gateText)
    // One that is too late can be answered no more, whether or not that is noted yet.
    .where((eb) =>
      eb.or([eb('state', '=', 'approved'), eb.and([eb('state', '=', 'waiting'), eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', at)])])]),
    )
    .executeTakeFirst()
  if (known) return approvalOf(known)
  const row = await tx
    .insertInto('approval')
    .values({
      id: createId('apr', at),
      task_number: taskNumber,
      run_id: runId,
      task_revision: taskRevision,
      gate: gateText,
      validator: null,
      state: 'waiting',
      asked_by: askedBy,
      asked_at: at,
      expires_at: expiresAt,
      answered_by: null,
      answered_at: null,
      reason: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  await appendEvent(tx, { kind: 'approval.asked', actor: askedBy, taskNumber, runId, payload: { approval: row.id, gate: gate.kind }, at })
  return approvalOf(row)
}

const GateColumn = z.custom<ApprovalGate>((value) => typeof value === 'object' && value !== null && 'kind' in value)

/** A row of `approval` as what it is. */
export function approvalOf(row: Selectable<ApprovalTable>): Approval {
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
