import { sql, type RawBuilder } from 'kysely'
import type { Snapshot } from '../scope.ts'
import { invalidField } from './board-error.ts'
import type { Task, TaskState } from './records.ts'
import type { BoardTables } from './tables.ts'
import { decodeCursor, encodeCursor } from './task-cursor.ts'
import { labelsColumn, TASK_COLUMNS, taskOf } from './task-rows.ts'

const MOST_ROWS = 500

/** Which tasks. Several conditions are all to be met. */
export interface TaskFilter {
  readonly states?: readonly TaskState[]
  /** `null`: nobody's. */
  readonly assignee?: string | null
  readonly label?: string
  readonly tenant?: string
  /** Somewhere in the title, in whatever case. */
  readonly text?: string
  readonly sessionId?: string
  readonly dueBefore?: number
  readonly routineId?: string
  /** Archived ones are left out unless `states` names them. */
  readonly includeArchived?: boolean
  readonly includeDeleted?: boolean
}

/** The most urgent first unless given. */
export type TaskSort = 'priority' | 'created' | 'created-desc' | 'updated' | 'due' | 'title'

export interface TaskQuery extends TaskFilter {
  readonly sort?: TaskSort
  /** The `nextCursor` of the page before. */
  readonly after?: string
  readonly limit: number
}

export interface TaskPage {
  readonly tasks: readonly Task[]
  /** Absent after the last page. */
  readonly nextCursor: string | undefined
}

interface Order {
  readonly key: RawBuilder<string | number>
  readonly direction: 'asc' | 'desc'
  readonly keyOf: (task: Task) => string | number
}

const ORDERS: Readonly<Record<TaskSort, Order>> = {
  priority: { key: sql`priority`, direction: 'desc', keyOf: (task) => task.priority },
  created: { key: sql`number`, direction: 'asc', keyOf: (task) => task.number },
  'created-desc': { key: sql`number`, direction: 'desc', keyOf: (task) => task.number },
  updated: { key: sql`updated_at`, direction: 'desc', keyOf: (task) => task.updatedAt },
  due: { key: sql`coalesce(due_at, 9007199254740991)`, direction: 'asc', keyOf: (task) => task.dueAt ?? Number.MAX_SAFE_INTEGER },
  title: { key: sql`title`, direction: 'asc', keyOf: (task) => task.title },
}

/**
 * A page of tasks. The cursor is the place of the last one in the order, not a count of rows: what is made, moved or
 * removed meanwhile makes no other task appear twice or be left out.
 *
 * @throws BoardError `INVALID`
 */
export async function listTasks(db: Snapshot<BoardTables>, query: TaskQuery, narrowed: readonly RawBuilder<boolean>[] = []): Promise<TaskPage> {
  const { sort = 'priority', limit } = query
  const order = Object.hasOwn(ORDERS, sort) ? ORDERS[sort] : undefined
  if (!order) throw invalidField('sort', Object.keys(ORDERS).join(', '))
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ROWS) throw invalidField('limit', `1 to ${MOST_ROWS}`)
  const conditions = [...filterConditions(query), ...narrowed]
  if (query.after !== undefined) conditions.push(after(order, decodeCursor(query.after, sort)))
  const rows = await db
    .selectFrom('task')
    .select([...TASK_COLUMNS, labelsColumn])
    .$if(conditions.length > 0, (select) => select.where(sql<boolean>`${sql.join(conditions, sql` and `)}`))
    .orderBy(order.key, order.direction)
    .orderBy('number', order.direction === 'desc' && sort !== 'priority' ? 'desc' : 'asc')
    // One more than asked for tells whether there is a next page.
    .limit(limit + 1)
    .execute()
  const tasks = rows.slice(0, limit).map(taskOf)
  const last = tasks.at(-1)
  return { tasks, nextCursor: rows.length > limit && last ? encodeCursor({ sort, key: order.keyOf(last), number: last.number }) : undefined }
}

/** What a filter asks of a row. */
export function filterConditions(filter: TaskFilter): RawBuilder<boolean>[] {
  const { states, assignee, label, tenant, text, sessionId, dueBefore, routineId } = filter
  const conditions: RawBuilder<boolean>[] = []
  if (!filter.includeDeleted) conditions.push(sql`deleted_at is null`)
  if (states) conditions.push(sql`state in (${sql.join(states)})`)
  else if (!filter.includeArchived) conditions.push(sql`state <> 'archived'`)
  if (assignee !== undefined) conditions.push(assignee === null ? sql`assignee is null` : sql`assignee = ${assignee}`)
  if (label !== undefined) conditions.push(sql`number in (select task_number from task_label where label = ${label})`)
  if (tenant !== undefined) conditions.push(sql`tenant = ${tenant}`)
  if (text !== undefined) conditions.push(sql`title like ${`%${text.slice(0, 500).replaceAll(/[\\%_]/g, '\\$&')}%`} escape '\\'`)
  if (sessionId !== undefined) conditions.push(sql`origin ->> '$.sessionId' = ${sessionId}`)
  if (dueBefore !== undefined) conditions.push(sql`due_at < ${dueBefore}`)
  if (routineId !== undefined) conditions.push(sql`routine_id = ${routineId}`)
  return conditions
}

function after({ key, direction }: Order, cursor: { readonly sort: string; readonly key: string | number; readonly number: number }): RawBuilder<boolean> {
  const isNumberDescending = direction === 'desc' && cursor.sort !== 'priority'
  const beyond = direction === 'desc' ? sql`${key} < ${cursor.key}` : sql`${key} > ${cursor.key}`
  const beside = isNumberDescending ? sql`number < ${cursor.number}` : sql`number > ${cursor.number}`
  return sql`(${beyond} or (${key} = ${cursor.key} and ${beside}))`
}
