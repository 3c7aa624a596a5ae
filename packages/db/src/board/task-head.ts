import type { Selectable } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { BoardError } from './board-error.ts'
import type { BoardTables, TaskTable } from './tables.ts'

/** What a move of a task may change. */
export const LIFE_COLUMNS = [
  'state',
  'column_key',
  'assignee',
  'started_at',
  'ended_at',
  'not_before',
  'idempotency_key',
  'ready_at',
  'rank',
  'next_attempt_at',
  'fence',
  'attempts',
  'failures',
  'last_failure',
  'run_id',
  'resume_state',
  'implementer',
  'reviewer',
  'block_kind',
  'block_reason',
  'block_recurrences',
  'waiting_code',
  'waiting_detail',
  'waiting_since',
  'verdict',
  'summary',
  'archived_from',
  'run_ms',
  'deleted_at',
] as const satisfies readonly (keyof TaskTable)[]

const HEAD_COLUMNS = [
  'number',
  'id',
  'priority',
  'revision',
  'idempotency_scope',
  'parents_mode',
  'open_parents',
  'met_parents',
  'dead_parents',
  ...LIFE_COLUMNS,
] as const satisfies readonly (keyof TaskTable)[]

/** A task's row without its texts: what deciding about it needs. */
export type TaskHead = Pick<Selectable<TaskTable>, (typeof HEAD_COLUMNS)[number]>

/** The head of a task as it is now; `undefined` when there is none of this number, or it was deleted. */
export function headOf(tx: Transaction<BoardTables>, number: number): Promise<TaskHead | undefined> {
  return headQuery.first(tx, { number })
}

/** The head of a task that was deleted and is not purged yet. */
export function deletedHeadOf(tx: Transaction<BoardTables>, number: number): Promise<TaskHead | undefined> {
  return tx.selectFrom('task').select(HEAD_COLUMNS).where('number', '=', number).where('deleted_at', 'is not', null).executeTakeFirst()
}

/** The head of a task that is there. @throws BoardError `TASK_NOT_FOUND` */
export async function requireHead(tx: Transaction<BoardTables>, number: number): Promise<TaskHead> {
  const head = await headOf(tx, number)
  if (!head) throw taskNotFound(`#${number}`)
  return head
}

/** What is thrown about a task that is not on this board. */
export function taskNotFound(reference: string): BoardError {
  return new BoardError('TASK_NOT_FOUND', `There is no task ${reference.slice(0, 80)} on this board.`, { details: { task: reference.slice(0, 80) } })
}

const headQuery = new PreparedQuery<BoardTables, { number: number }, TaskHead>((tx, { number }) =>
  tx.selectFrom('task').select(HEAD_COLUMNS).where('number', '=', number).where('deleted_at', 'is', null),
)
