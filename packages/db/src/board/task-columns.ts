import { sql } from 'kysely'
import type { Snapshot } from '../scope.ts'
import { ARCHIVED, columnsOf, within } from './board-columns.ts'
import { invalidField } from './board-error.ts'
import type { BoardColumn } from './records.ts'
import type { BoardTables } from './tables.ts'
import { filterConditions, listTasks, type TaskFilter, type TaskPage, type TaskQuery } from './task-list.ts'

/** A column of the board with the first tasks in it. */
export interface ColumnPage extends TaskPage {
  readonly column: BoardColumn
  /** Of all tasks in it, whether shown or not. */
  readonly count: number
}

/** The board as somebody sees it first. */
export interface BoardPage {
  readonly columns: readonly ColumnPage[]
  /** The newest event that it shows: what came after is a stream from here on. */
  readonly seq: number
}

export interface BoardQuery extends Omit<TaskFilter, 'states' | 'includeDeleted'> {
  /** Tasks of each column. */
  readonly limit: number
}

/** A page of the tasks in one column. @throws BoardError `INVALID` when there is no such column */
export async function columnPage(db: Snapshot<BoardTables>, key: string, query: TaskQuery): Promise<TaskPage> {
  const columns = [...(await columnsOf(db)), ARCHIVED]
  const column = columns.find((one) => one.key === key)
  if (!column) throw invalidField('column', columns.map((one) => one.key).join(', '))
  return listTasks(db, { ...query, states: [column.state] }, within(column, columns))
}

/** The first tasks of every column, with counts. Costs what is shown, however many tasks there are. */
export async function boardPage(db: Snapshot<BoardTables>, { limit, ...filter }: BoardQuery): Promise<BoardPage> {
  const shown = await columnsOf(db)
  const columns = filter.includeArchived ? [...shown, ARCHIVED] : shown
  const counts = await countsOf(db, columns, filter)
  const pages: ColumnPage[] = []
  for (const column of columns) {
    const count = counts(column)
    const isShown = count > 0 && column.isHidden !== true
    const page = isShown ? await listTasks(db, { ...filter, states: [column.state], limit }, within(column, columns)) : { tasks: [], nextCursor: undefined }
    pages.push({ column, count, ...page })
  }
  const { seq } = await db
    .selectFrom('event')
    .select((eb) => eb.fn.coalesce(eb.fn.max('seq'), eb.lit(0)).as('seq'))
    .executeTakeFirstOrThrow()
  return { columns: pages, seq }
}

async function countsOf(db: Snapshot<BoardTables>, columns: readonly BoardColumn[], filter: TaskFilter): Promise<(column: BoardColumn) => number> {
  const isCustom = new Set(columns.map(({ state }) => state)).size < columns.length
  const rows = await db
    .selectFrom('task')
    .select(['state', (isCustom ? sql<string | null>`column_key` : sql<string | null>`null`).as('key'), (eb) => eb.fn.countAll<number>().as('count')])
    .where(sql<boolean>`${sql.join(filterConditions({ ...filter, states: columns.map(({ state }) => state) }), sql` and `)}`)
    .groupBy(isCustom ? ['state', 'column_key'] : ['state'])
    .execute()
  return (column) => {
    const siblings = columns.filter(({ state }) => state === column.state)
    const others = new Set(siblings.slice(1).map(({ key }) => key))
    const isMine = (key: string | null) => (column === siblings[0] ? key === null || !others.has(key) : key === column.key)
    return rows.filter((row) => row.state === column.state && isMine(row.key)).reduce((sum, row) => sum + row.count, 0)
  }
}
