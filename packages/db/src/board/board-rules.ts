import { sql } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { columnsOf, within } from './board-columns.ts'
import { BoardError, invalidField } from './board-error.ts'
import type { BoardTables } from './tables.ts'
import type { TaskHead } from './task-head.ts'

/** @throws BoardError `BOARD_ARCHIVED`, `BOARD_NOT_FOUND`: nothing is changed on a board that was put away or deleted */
export async function refuseClosedBoard(tx: Transaction<BoardTables>): Promise<void> {
  const board = await closedQuery.first(tx, {})
  if (!board) return
  if (board.deleted_at !== null) throw new BoardError('BOARD_NOT_FOUND', `The board '${board.slug}' was deleted.`)
  throw new BoardError('BOARD_ARCHIVED', `The board '${board.slug}' was put away and is read-only until it is restored.`)
}

/**
 * The rules of columns, after a task was moved by somebody: the column that it names is one of its state, and no column
 * holds more than it may. What parents and dispatchers do to tasks is not held up by a full column.
 *
 * @throws BoardError `WIP_LIMIT`, `INVALID`
 */
export async function checkColumns(tx: Transaction<BoardTables>, before: Pick<TaskHead, 'state' | 'column_key'> | undefined, after: TaskHead): Promise<void> {
  if (before && before.state === after.state && before.column_key === after.column_key) return
  const columns = await columnsOf(tx)
  const ofState = columns.filter(({ state }) => state === after.state)
  if (after.column_key !== null && !ofState.some(({ key }) => key === after.column_key)) {
    throw invalidField(
      'columnKey',
      ofState.length > 0 ? `one of the columns of ${after.state}: ${ofState.map(({ key }) => key).join(', ')}` : `none, because ${after.state} has no columns`,
    )
  }
  const column = ofState.find(({ key }) => key === after.column_key) ?? ofState[0]
  if (column?.wipLimit === undefined) return
  const conditions = [sql`state = ${after.state}`, sql`deleted_at is null`, ...within(column, columns)]
  const { count } = await tx
    .selectFrom('task')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where(sql<boolean>`${sql.join(conditions, sql` and `)}`)
    .executeTakeFirstOrThrow()
  if (count <= column.wipLimit) return
  throw new BoardError('WIP_LIMIT', `${column.name} holds as many tasks as it may (${column.wipLimit}). Finish or move one of them first.`, {
    details: { column: column.key, limit: column.wipLimit },
  })
}

const closedQuery = new PreparedQuery<BoardTables, object, { slug: string; deleted_at: number | null }>((tx) =>
  tx
    .selectFrom('board')
    .select(['slug', 'deleted_at'])
    .where(sql<boolean>`(archived_at is not null or deleted_at is not null)`),
)
