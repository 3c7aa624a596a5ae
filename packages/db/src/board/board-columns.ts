import { sql, type RawBuilder } from 'kysely'
import { z } from 'zod'
import { decodeJson } from '../json-column.ts'
import type { Snapshot } from '../scope.ts'
import type { BoardColumn } from './records.ts'
import type { BoardTables } from './tables.ts'

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

/** Where what was archived is shown, when it is asked for. */
export const ARCHIVED: BoardColumn = { key: 'archived', name: 'Archived', state: 'archived' }

const SettingsColumns = z.custom<{ readonly columns?: readonly BoardColumn[] }>((value) => typeof value === 'object' && value !== null)

/** The columns of a board, in the order in which they are shown. */
export async function columnsOf(db: Snapshot<BoardTables>): Promise<readonly BoardColumn[]> {
  const row = await db.selectFrom('board').select('settings').executeTakeFirst()
  return (row && decodeJson(row.settings, SettingsColumns, 'board.settings').columns) ?? DEFAULT_COLUMNS
}

/** What a task of a column's state must meet to be in it: the first column of a state has those that name no other. */
export function within(column: BoardColumn, columns: readonly BoardColumn[]): readonly RawBuilder<boolean>[] {
  const siblings = columns.filter(({ state }) => state === column.state)
  if (siblings.length === 1) return []
  if (siblings[0] !== column) return [sql`column_key = ${column.key}`]
  const others = siblings.slice(1).map(({ key }) => key)
  return [sql`(column_key is null or column_key not in (${sql.join(others)}))`]
}
