import { encodeJson } from '../json-column.ts'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { BoardError } from './board-error.ts'
import { writeHead } from './move-task.ts'
import type { Actor, TaskChanges, TaskDetail } from './records.ts'
import type { BoardTables } from './tables.ts'
import { requireHead } from './task-head.ts'
import { requireDetail } from './task-queries.ts'

interface By {
  readonly actor: Actor
  readonly at: number
  readonly revision?: number
}

/** Writes checked changes, and what they were before with who made them. @throws BoardError `STALE_REVISION` */
export async function changeTask(tx: Transaction<BoardTables>, number: number, changes: TaskChanges, { actor, at, revision }: By): Promise<TaskDetail> {
  const before = await requireDetail(tx, number)
  refuseStale(before, revision)
  const settings = changes.settings && mergedSettings(before.settings, changes.settings)
  const wanted = { ...changes, ...(settings && { settings }) }
  const fields = (Object.keys(wanted) as (keyof TaskChanges)[]).filter((key) => !isSame(wanted[key], before[key]))
  if (fields.length === 0) return before
  const columns = columnsOf(wanted, fields)
  if (Object.keys(columns).length > 0) await tx.updateTable('task').set(columns).where('number', '=', number).execute()
  if (fields.includes('labels')) await setLabels(tx, number, wanted.labels ?? [])
  const head = await requireHead(tx, number)
  await writeHead(tx, { ...head, ...(wanted.priority !== undefined && { priority: wanted.priority }) }, at)
  const payload = Object.fromEntries(fields.map((key) => [key, { from: recorded(key, before[key]), to: recorded(key, wanted[key]) }]))
  await appendEvent(tx, { kind: 'task.changed', actor, at, taskNumber: number, payload: { changes: payload } })
  return requireDetail(tx, number)
}

/** @throws BoardError `STALE_REVISION` when a task is not as its reader saw it. */
export function refuseStale({ number, revision }: Pick<TaskDetail, 'number' | 'revision'>, expected: number | undefined): void {
  if (expected === undefined || expected === revision) return
  throw new BoardError('STALE_REVISION', `#${number} was changed since you read it (revision ${revision}, not ${expected}).`, {
    details: { expected, actual: revision },
  })
}

function mergedSettings(settings: TaskDetail['settings'], changes: NonNullable<TaskChanges['settings']>): TaskDetail['settings'] {
  return Object.fromEntries(Object.entries({ ...settings, ...changes }).filter(([, value]) => value !== null && value !== undefined))
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function columnsOf(wanted: TaskChanges, fields: readonly (keyof TaskChanges)[]) {
  const columns = {
    title: wanted.title,
    body: wanted.body,
    tenant: wanted.tenant,
    due_at: wanted.dueAt,
    estimate_minutes: wanted.estimateMinutes,
    column_key: wanted.columnKey,
    reviewer: wanted.reviewer,
    settings: fields.includes('settings') ? encodeJson(wanted.settings) : undefined,
  }
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined))
}

async function setLabels(tx: Transaction<BoardTables>, number: number, labels: readonly string[]): Promise<void> {
  await tx.deleteFrom('task_label').where('task_number', '=', number).execute()
  for (const label of labels) await tx.insertInto('task_label').values({ task_number: number, label }).execute()
}

/** Bodies are long; what is kept of them is how long they were. */
function recorded(key: keyof TaskChanges, value: unknown): unknown {
  return key === 'body' && typeof value === 'string' ? { characters: value.length } : (value ?? null)
}
