import { PreparedQuery } from '../prepared-query.ts'
import type { Snapshot } from '../scope.ts'
import type { TaskDetail } from './records.ts'
import type { BoardTables } from './tables.ts'
import { taskNotFound } from './task-head.ts'
import { DETAIL_COLUMNS, labelsColumn, taskDetailOf, type DetailRow } from './task-rows.ts'

/** A task with everything, deleted or not. */
export async function detailOf(db: Snapshot<BoardTables>, number: number): Promise<TaskDetail | undefined> {
  const row = await detailQuery.first(db, { number })
  return row && taskDetailOf(row)
}

/** A task that is there. @throws BoardError `TASK_NOT_FOUND` */
export async function requireDetail(db: Snapshot<BoardTables>, number: number): Promise<TaskDetail> {
  const task = await detailOf(db, number)
  if (!task || task.deletedAt !== null) throw taskNotFound(`#${number}`)
  return task
}

const detailQuery = new PreparedQuery<BoardTables, { number: number }, DetailRow>((db, { number }) =>
  db
    .selectFrom('task')
    .select([...DETAIL_COLUMNS, labelsColumn])
    .where('number', '=', number),
)
