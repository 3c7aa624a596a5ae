import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import type { Routine } from './routine-records.ts'
import type { BoardTables } from './tables.ts'
import { insertTask, type CreatedTask } from './task-create.ts'
import { linkTasks } from './task-links.ts'

interface By {
  readonly actor: string
  readonly at: number
}

/** Makes the task of one time of a routine; `undefined` when the one before is not done and this one is left out. */
export async function fireSlot(
  tx: Transaction<BoardTables>,
  { id, name, template, overlap }: Routine,
  { slot, missed, isForced }: { readonly slot: number; readonly missed: number; readonly isForced?: boolean },
  by: By,
): Promise<CreatedTask | undefined> {
  const before = isForced ? undefined : await openTask(tx, id, slot)
  const payload = { routine: id, name, slot, ...(missed > 0 && { missed }) }
  if (before !== undefined && overlap === 'skip') {
    await appendEvent(tx, { kind: 'routine.fired', ...by, taskNumber: before, payload: { ...payload, skipped: 'overlap' } })
    return undefined
  }
  const made = await insertTask(tx, { ...template, routine: { id, slot } }, by)
  if (!made.created) return made
  const { number } = made.task
  // Linked afterwards: a parent at birth would pass on who follows it, for ever.
  if (before !== undefined && overlap === 'queue') await linkTasks(tx, before, number, 'always', by)
  await appendEvent(tx, { kind: 'routine.fired', ...by, taskNumber: number, payload: { ...payload, task: number } })
  return made
}

/** The newest task of a routine that is not done, made for another time than this. */
async function openTask(tx: Transaction<BoardTables>, routine: string, slot: number): Promise<number | undefined> {
  const row = await tx
    .selectFrom('task')
    .select('number')
    .where('routine_id', '=', routine)
    .where('slot', '!=', slot)
    .where('state', 'not in', ['done', 'archived'])
    .where('deleted_at', 'is', null)
    .orderBy('slot', 'desc')
    .executeTakeFirst()
  return row?.number
}
