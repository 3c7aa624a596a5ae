import { sql } from 'kysely'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { moveTask, tellChildren, writeHead } from './move-task.ts'
import type { Actor } from './records.ts'
import type { BoardTables } from './tables.ts'
import { deletedHeadOf, requireHead, taskNotFound } from './task-head.ts'
import { place } from './task-links.ts'
import { placeOf } from './task-place.ts'

interface By {
  readonly actor: Actor
  readonly at: number
}

/** Has a task vanish from every list until it is restored or purged. To its children it is as one that was archived. */
export async function removeTask(tx: Transaction<BoardTables>, number: number, by: By): Promise<void> {
  let head = await requireHead(tx, number)
  if (head.state === 'running') {
    const to = placeOf({ ...head, not_before: null }, by.at)
    head = await moveTask(tx, head, { ...by, action: 'release', to: to === 'scheduled' ? 'todo' : to, run: { outcome: 'cancelled' } })
  }
  const idempotency_key = head.idempotency_scope === 'open' ? null : head.idempotency_key
  const removed = await writeHead(tx, { ...head, deleted_at: by.at, idempotency_key }, by.at)
  await appendEvent(tx, { kind: 'task.deleted', ...by, taskNumber: number, payload: { from: head.state } })
  await tellChildren(tx, head, removed, by)
}

/** Takes a deletion back. @throws BoardError `TASK_NOT_FOUND` */
export async function restoreTask(tx: Transaction<BoardTables>, number: number, by: By): Promise<void> {
  const head = await deletedHeadOf(tx, number)
  if (!head) throw taskNotFound(`#${number}`)
  const restored = await writeHead(tx, { ...head, deleted_at: null }, by.at)
  await appendEvent(tx, { kind: 'task.restored', ...by, taskNumber: number, payload: { to: restored.state } })
  await tellChildren(tx, head, restored, by)
  await place(tx, restored, by)
}

/**
 * Removes for good what was deleted before a time, at most so many tasks at once; how many. Their events stay on the log,
 * and the bytes of their attachments are left to whoever removes those.
 */
export async function purgeTasks(tx: Transaction<BoardTables>, before: number, limit: number, at: number): Promise<number> {
  const rows = await tx.selectFrom('task').select('number').where('deleted_at', '<', before).orderBy('deleted_at').limit(limit).execute()
  if (rows.length === 0) return 0
  const numbers = sql<number>`(select value from json_each(${JSON.stringify(rows.map(({ number }) => number))}))`
  const runs = tx.selectFrom('run').select('id').where('task_number', 'in', numbers)
  await tx.deleteFrom('transcript').where('run_id', 'in', runs).execute()
  await tx.deleteFrom('steering').where('run_id', 'in', runs).execute()
  await tx.updateTable('attachment').set({ deleted_at: at }).where('task_number', 'in', numbers).where('deleted_at', 'is', null).execute()
  for (const table of ['run', 'task_label', 'comment', 'approval', 'subscription'] as const) {
    await tx.deleteFrom(table).where('task_number', 'in', numbers).execute()
  }
  await forgetLinks(tx, numbers)
  await tx.deleteFrom('task_fts').where('rowid', 'in', numbers).execute()
  await tx.deleteFrom('task').where('number', 'in', numbers).execute()
  return rows.length
}

/** What was deleted has ended for its children, and whatever that did to them is done: the count alone goes. */
async function forgetLinks(tx: Transaction<BoardTables>, numbers: ReturnType<typeof sql<number>>): Promise<void> {
  const links = (state: string) =>
    sql<number>`(select count(*) from link where child_number = task.number and parent_number in ${numbers} and state = ${state})`
  await tx
    .updateTable('task')
    .set((eb) => ({ met_parents: eb('met_parents', '-', links('met')), dead_parents: eb('dead_parents', '-', links('dead')) }))
    .where('number', 'in', (eb) => eb.selectFrom('link').select('child_number').where('parent_number', 'in', numbers))
    .execute()
  await tx
    .deleteFrom('link')
    .where(({ or, eb }) => or([eb('parent_number', 'in', numbers), eb('child_number', 'in', numbers)]))
    .execute()
}
