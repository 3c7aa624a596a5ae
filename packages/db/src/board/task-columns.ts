import { sql, type RawBuilder } from 'kysely'
import { z } from 'zod'
import { decodeJson } from '../json-column.ts'
import type { Snapshot } from '../scope.ts'
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

/** The states in the order in which work goes through them. */
const DEFAULT_COLUMNS: readonly BoardColumn[] = [
  { key: 'triage', name: 'Triage', state: 'triage' },
  { key: 'todo', name: 'To do', state: 'todo' },
  { key: 'scheduled', name: 'Scheduled', state: 'scheduled' },
  { key: 'ready', name: 'Ready', state: 'ready' },
  { key: 'running', name: 'Running', state: 'running' },
  { key: 'blocked', name: 'Blocked', state: 'blocked' },
  { key: 'review', name: 'Review', state: 'review' },
  { key: 'done', name: 'Done', state: 'done' },
]

const ARCHIVED: BoardColumn = { key: 'archived', name: 'Archived', state: 'archived' }

const SettingsColumns = z.custom<{ readonly columns?: readonly BoardColumn[] }>((value) => typeof value === 'object' && value !== null)

/** A page of the tasks in one column. @throws BoardError `INVALID` when there is no such column */
export async function columnPage(db: Snapshot<BoardTables>, key: string, query: TaskQuery): Promise<TaskPage> {
  const columns = [...(await columnsOf(db)), ARCHIVED]
  const column = columns.find((one) => one.key === key)
  if (!column) throw invalidField('column', columns.map((one) => one.key).join(', '))
  return listTasks(db, { ...query, states: [column.state] }, within(column, columns))
}

/** The columns of a board, in the order in which they are shown. */
async function columnsOf(db: Snapshot<BoardTables>): Promise<readonly BoardColumn[]> {
  const row = await db.selectFrom('board').select('settings').executeTakeFirst()
  return (row && decodeJson(row.settings, SettingsColumns, 'board.settings').columns) ?? DEFAULT_COLUMNS
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

/** What a task of a column's state must meet to be in it: the first column of a state has those that name no other. */
function within(column: BoardColumn, columns: readonly BoardColumn[]): readonly RawBuilder<boolean>[] {
  const siblings = columns.filter(({ state }) => state === column.state)
  if (siblings.length === 1) return []
  if (siblings[0] !== column) return [sql`column_key = ${column.key}`]
  const others = siblings.slice(1).map(({ key }) => key)
  return [sql`(column_key is null or column_key not in (${sql.join(others)}))`]
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
