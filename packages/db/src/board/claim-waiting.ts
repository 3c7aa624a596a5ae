import { sql } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Snapshot, Transaction } from '../scope.ts'
import type { WaitingCode } from './records.ts'
import type { BoardTables } from './tables.ts'

/** Why a task that could run does not, as the dispatcher sees it. */
export interface NewWaiting {
  readonly number: number
  readonly code: WaitingCode
  readonly detail: string
}

/** Those of these reasons that are news. Only what could run, or be specified, waits for a dispatcher: others know their own reason. */
export async function changedWaiting(db: Snapshot<BoardTables>, rows: readonly NewWaiting[]): Promise<readonly NewWaiting[]> {
  const changed = await changedQuery.run(db, { rows: JSON.stringify(rows) })
  return changed.rows
}

/** Writes down why tasks wait, and since when if that is another reason than before. */
export async function writeWaiting(tx: Transaction<BoardTables>, rows: readonly NewWaiting[], at: number): Promise<void> {
  for (const { number, code, detail } of rows) {
    await tx
      .updateTable('task')
      .set({ waiting_code: code, waiting_detail: detail, waiting_since: sql`case when waiting_code = ${code} then waiting_since else ${at} end` })
      .where('number', '=', number)
      .execute()
  }
}

const changedQuery = new PreparedQuery<BoardTables, { rows: string }, NewWaiting>((db, { rows }) =>
  db
    .selectFrom(
      sql<NewWaiting>`(select value ->> 'number' as number, value ->> 'code' as code, value ->> 'detail' as detail from json_each(${rows}))`.as('said'),
    )
    .innerJoin('task', 'task.number', 'said.number')
    .select(['said.number', 'said.code', 'said.detail'])
    .where(sql<boolean>`(state in ('ready', 'review') or (state = 'triage' and said.code = 'triage')) and deleted_at is null`)
    .where(sql<boolean>`(task.waiting_code is not said.code or task.waiting_detail is not said.detail)`),
)
