import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { Source } from '../database.ts'
import { decodeJson } from '../json-column.ts'
import type { BoardEvent, EventKind } from './records.ts'
import type { BoardTables, EventTable } from './tables.ts'

const PayloadColumn = z.record(z.string(), z.unknown())

export interface EventQuery {
  /** Events after this one. */
  readonly after: number
  readonly limit: number
  readonly taskNumber?: number
  readonly kinds?: readonly EventKind[]
}

/** Everything that happened on a board, in order. Its numbers have no gap, so that who follows knows that nothing was missed. */
export class EventReader {
  readonly #source: Source<BoardTables>

  constructor(source: Source<BoardTables>) {
    this.#source = source
  }

  /** Oldest first. */
  since({ after, limit, taskNumber, kinds }: EventQuery): Promise<readonly BoardEvent[]> {
    return this.#source.read(async (db) => {
      const rows = await db
        .selectFrom('event')
        .selectAll()
        .where('seq', '>', after)
        .$if(taskNumber !== undefined, (select) => select.where('task_number', '=', taskNumber!))
        .$if(kinds !== undefined, (select) => select.where('kind', 'in', [...kinds!]))
        .orderBy('seq')
        .limit(limit)
        .execute()
      return rows.map(eventOf)
    })
  }

  /** The newest events of a task, newest first. */
  latestOf(taskNumber: number, limit: number): Promise<readonly BoardEvent[]> {
    return this.#source.read(async (db) => {
      const rows = await db.selectFrom('event').selectAll().where('task_number', '=', taskNumber).orderBy('seq', 'desc').limit(limit).execute()
      return rows.map(eventOf)
    })
  }

  /** The number of the newest event; 0 when nothing has happened yet. */
  latest(): Promise<number> {
    return this.#source.read(async (db) => {
      const row = await db.selectFrom('event').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst()
      return row?.seq ?? 0
    })
  }

  /** The number of the oldest event that is kept; who was told of less than the one before it has missed some. */
  oldest(): Promise<number> {
    return this.#source.read(async (db) => {
      const row = await db.selectFrom('event').select('seq').orderBy('seq').limit(1).executeTakeFirst()
      return row?.seq ?? 0
    })
  }
}

function eventOf(row: Selectable<EventTable>): BoardEvent {
  return {
    seq: row.seq,
    taskNumber: row.task_number,
    runId: row.run_id,
    kind: row.kind as EventKind,
    actor: row.actor,
    payload: decodeJson(row.payload, PayloadColumn, 'event.payload'),
    at: row.at,
  }
}
