import { createId } from '@talaria/core'
import type { Transaction } from '../scope.ts'
import { decodeNullableJson } from '../json-column.ts'
import { BoardError } from './board-error.ts'
import type { NewTask, TaskOrigin } from './records.ts'
import type { BoardTables } from './tables.ts'
import { OriginColumn } from './task-rows.ts'

/** What a new task has of the tasks that it comes from. */
export interface Inherited {
  readonly fields: { readonly tenant?: string; readonly origin?: TaskOrigin }
  /** Tasks whose subscribers are told of the new one as well. */
  readonly subscribedTo: readonly number[]
}

export const NOTHING_INHERITED: Inherited = { fields: {}, subscribedTo: [] }

/**
 * What a task has of the one whose run makes it and of its parents: the tenant, and who is told; of the former also the
 * conversation that asked for it.
 *
 * @throws BoardError `RUN_NOT_FOUND`
 */
export async function inheritedFrom(
  tx: Transaction<BoardTables>,
  { madeByRun, inheritFrom, parents }: Pick<NewTask, 'madeByRun'> & { readonly inheritFrom?: number; readonly parents: readonly number[] },
): Promise<Inherited> {
  const maker = madeByRun === undefined ? inheritFrom : await taskOfRun(tx, madeByRun)
  const numbers = [...(maker === undefined ? [] : [maker]), ...parents]
  const rows = await tx.selectFrom('task').select(['number', 'tenant', 'origin']).where('number', 'in', numbers).execute()
  const rowOf = new Map(rows.map((row) => [row.number, row]))
  const tenant = numbers.map((number) => rowOf.get(number)?.tenant).find((name) => name != null)
  const origin = decodeNullableJson((maker !== undefined && rowOf.get(maker)?.origin) || null, OriginColumn, 'task.origin')
  return { fields: { ...(tenant != null && { tenant }), ...(origin && { origin }) }, subscribedTo: numbers }
}

/** Has whoever is told of some tasks be told of another, from its first event on. */
export async function copySubscriptions(
  tx: Transaction<BoardTables>,
  { from, to, at }: { readonly from: readonly number[]; readonly to: number; readonly at: number },
): Promise<void> {
  const rows = await tx.selectFrom('subscription').selectAll().where('task_number', 'in', from).orderBy('id').execute()
  if (rows.length === 0) return
  const { seq } = await tx
    .selectFrom('event')
    .select((eb) => eb.fn.coalesce(eb.fn.max('seq'), eb.lit(0)).as('seq'))
    .executeTakeFirstOrThrow()
  const copies = rows.map((row) => ({
    ...row,
    id: createId('sub', at),
    task_number: to,
    created_at: at,
    cursor: seq,
    next_at: null,
    failures: 0,
    last_error: null,
    parked_at: null,
  }))
  for (const copy of copies)
    await tx
      .insertInto('subscription')
      .values(copy)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
}

async function taskOfRun(tx: Transaction<BoardTables>, id: string): Promise<number> {
  const run = await tx.selectFrom('run').select('task_number').where('id', '=', id).executeTakeFirst()
  if (!run) throw new BoardError('RUN_NOT_FOUND', 'The run that makes this task is not on this board.', { details: { run: id.slice(0, 80) } })
  return run.task_number
}
