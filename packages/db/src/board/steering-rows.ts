import type { Selectable } from 'kysely'
import { createId } from '@talaria/core'
import type { Snapshot, Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { invalidField } from './board-error.ts'
import type { Actor } from './records.ts'
import { requireRun } from './run-wishes.ts'
import type { BoardTables, SteeringTable } from './tables.ts'

/** A word to a running worker. */
export interface Steering {
  /** In the order in which they were said; what a worker's stream resumes by. */
  readonly id: string
  readonly runId: string
  readonly author: Actor
  readonly body: string
  readonly createdAt: number
  readonly takenAt: number | null
}

/**
 * Says something to the worker of a run; `undefined` when the run is over.
 *
 * @throws BoardError `RUN_NOT_FOUND`, `INVALID`
 */
export async function insertSteering(
  tx: Transaction<BoardTables>,
  { runId, body, author }: { readonly runId: string; readonly body: string; readonly author: Actor },
  at: number,
): Promise<Steering | undefined> {
  if (body.trim() === '') throw invalidField('text', 'not empty')
  const run = await requireRun(tx, runId)
  if (run.ended_at !== null) return undefined
  const row = await tx
    .insertInto('steering')
    .values({ id: createId('steer', at), run_id: runId, author, body, created_at: at })
    .returningAll()
    .executeTakeFirstOrThrow()
  await appendEvent(tx, { kind: 'run.steered', actor: author, payload: { id: row.id, body }, taskNumber: run.task_number, runId, at })
  return steeringOf(row)
}

/** What was said to the worker of a run after this one of them, whether it has heard it or not. */
export async function steeringSince(db: Snapshot<BoardTables>, runId: string, after = ''): Promise<readonly Steering[]> {
  const rows = await db.selectFrom('steering').selectAll().where('run_id', '=', runId).where('id', '>', after).orderBy('id').execute()
  return rows.map(steeringOf)
}

/** Whether a worker has not heard something yet. */
export async function hasSteering(db: Snapshot<BoardTables>, runId: string): Promise<boolean> {
  return (await db.selectFrom('steering').select('id').where('run_id', '=', runId).where('taken_at', 'is', null).limit(1).executeTakeFirst()) !== undefined
}

/** What a worker has not heard yet, as heard from now on. */
export async function takeSteering(tx: Transaction<BoardTables>, runId: string, at: number): Promise<readonly Steering[]> {
  const rows = await tx.updateTable('steering').set({ taken_at: at }).where('run_id', '=', runId).where('taken_at', 'is', null).returningAll().execute()
  return rows.map(steeringOf).toSorted((one, other) => (one.id < other.id ? -1 : 1))
}

function steeringOf(row: Selectable<SteeringTable>): Steering {
  return { id: row.id, runId: row.run_id, author: row.author, body: row.body, createdAt: row.created_at, takenAt: row.taken_at }
}
