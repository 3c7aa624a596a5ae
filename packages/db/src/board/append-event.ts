import { sql } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import type { Actor, EventKind } from './records.ts'
import type { BoardTables } from './tables.ts'

export interface NewEvent {
  readonly kind: EventKind
  readonly actor: Actor
  readonly payload?: Readonly<Record<string, unknown>>
  readonly taskNumber?: number | null
  readonly runId?: string | null
  readonly at: number
}

/** Adds to the log within a transaction; the numbers of a log have no gap, because one that is rolled back is given again. Returns its number. */
export async function appendEvent(tx: Transaction<BoardTables>, { kind, actor, payload, taskNumber, runId, at }: NewEvent): Promise<number> {
  const row = await insertEvent.first(tx, { kind, actor, payload: JSON.stringify(payload ?? {}), taskNumber: taskNumber ?? null, runId: runId ?? null, at })
  return row!.seq
}

const insertEvent = new PreparedQuery<
  BoardTables,
  { kind: string; actor: string; payload: string; taskNumber: number | null; runId: string | null; at: number },
  { seq: number }
>((tx, event) =>
  tx
    .insertInto('event')
    .values({
      seq: sql<number>`(select coalesce(max(seq), 0) + 1 from event)`,
      task_number: event.taskNumber,
      run_id: event.runId,
      kind: event.kind,
      actor: event.actor,
      payload: event.payload,
      at: event.at,
    })
    .returning('seq'),
)
