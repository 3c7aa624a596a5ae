import { createId } from '@talaria/core'
import { sql, type InsertResult, type Selectable } from 'kysely'
import { encodeJson } from '../json-column.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { BoardError } from './board-error.ts'
import type { Actor, LinkCondition, LinkState, NewTask, TaskDetail, TaskState } from './records.ts'
import { insertSubscription } from './subscription-store.ts'
import type { BoardTables, TaskTable } from './tables.ts'
import { copySubscriptions, inheritedFrom, NOTHING_INHERITED } from './task-inheritance.ts'
import { endingOf, LINK_STATES, type EndColumns } from './task-parents.ts'
import { bornBlocked, placeOf } from './task-place.ts'
import { rankOf } from './task-rank.ts'
import { detailOf } from './task-queries.ts'
import { requireTask } from './task-reference.ts'
import { DETAIL_COLUMNS, taskDetailOf, type DetailRow } from './task-rows.ts'
import { waitingOf } from './task-waiting.ts'

/** A task, and whether it was made now or had been made with the same key before. */
export interface CreatedTask {
  readonly task: TaskDetail
  readonly created: boolean
}

interface ParentLink {
  readonly number: number
  readonly condition: LinkCondition
  readonly state: LinkState
}

/**
 * Writes a task that was checked, with its links, labels, subscriptions and event. What has its key, or its routine's
 * time, is found instead: one transaction looks and writes under a unique index, so that of any number of processes one makes it.
 */
export async function insertTask(
  tx: Transaction<BoardTables>,
  task: NewTask,
  { actor, at, inheritFrom }: { readonly actor: Actor; readonly at: number; readonly inheritFrom?: number },
): Promise<CreatedTask> {
  // Looked up before, though the index refuses a second one: a row that is refused would use up a number.
  const known = await existing(tx, task)
  if (known !== undefined) return { task: (await detailOf(tx, known))!, created: false }
  const parents = await parentsOf(tx, task)
  const sources = parents.map(({ number }) => number)
  const inherited =
    task.madeByRun === undefined && sources.length === 0 && inheritFrom === undefined
      ? NOTHING_INHERITED
      : await inheritedFrom(tx, { ...task, parents: sources, ...(inheritFrom !== undefined && { inheritFrom }) })
  const row = rowOf({ ...inherited.fields, ...task }, parents, { actor, at })
  const inserted = (await insertQuery.first(tx, row))!
  const { number } = inserted
  const labels = task.labels ?? []
  if (labels.length > 0) await labelsQuery.run(tx, { number, labels: JSON.stringify(labels) })
  if (parents.length > 0) await linksQuery.run(tx, { number, links: JSON.stringify(parents.map((link) => [link.number, link.condition, link.state])) })
  for (const subscription of task.subscribers ?? []) await insertSubscription(tx, { taskNumber: number, subscription, actor, now: at })
  if (inherited.subscribedTo.length > 0) await copySubscriptions(tx, { from: inherited.subscribedTo, to: number, at })
  const payload = { title: row.title, state: row.state, assignee: row.assignee, ...(sources.length > 0 && { parents: sources }) }
  await appendEvent(tx, { kind: 'task.created', actor, at, taskNumber: number, runId: task.madeByRun ?? null, payload })
  return { task: taskDetailOf({ ...inserted, labels: JSON.stringify(labels) }), created: true }
}

async function parentsOf(tx: Transaction<BoardTables>, { parents = [] }: NewTask): Promise<readonly ParentLink[]> {
  const links = new Map<number, ParentLink>()
  for (const { id, condition = 'success' } of parents) {
    const parent = await parentQuery.first(tx, { number: await requireTask(tx, id) })
    if (!parent || parent.deleted_at !== null)
      throw new BoardError('TASK_NOT_FOUND', `There is no task ${id.slice(0, 80)} to wait for.`, { details: { task: id.slice(0, 80) } })
    links.set(parent.number, { number: parent.number, condition, state: LINK_STATES[endingOf(parent)][condition] })
  }
  return [...links.values()]
}

type NewRow = ReturnType<typeof rowOf>

function rowOf(task: NewTask, parents: readonly ParentLink[], { actor, at }: { readonly actor: Actor; readonly at: number }) {
  const counters = {
    parents_mode: task.parentsMode ?? 'all',
    open_parents: parents.filter(({ state }) => state === 'open').length,
    met_parents: parents.filter(({ state }) => state === 'met').length,
    dead_parents: parents.filter(({ state }) => state === 'dead').length,
  }
  const place = { ...counters, not_before: task.notBefore ?? null, resume_state: 'ready' }
  const blocked = task.blocked ?? (task.isTriage ? undefined : bornBlocked(place))
  const state: TaskState = blocked ? 'blocked' : task.isTriage ? 'triage' : placeOf(place, at)
  const priority = task.priority ?? 0
  const readyAt = state === 'ready' ? at : null
  const fixed = {
    ...counters,
    state,
    assignee: task.assignee ?? null,
    not_before: state === 'ready' ? null : place.not_before,
    block_kind: blocked?.kind ?? null,
    block_reason: blocked?.reason ?? null,
  }
  const waiting = waitingOf({ ...fixed, next_attempt_at: null }, at)
  return {
    ...fixed,
    id: createId('task', at),
    title: task.title,
    body: task.body ?? '',
    column_key: task.columnKey ?? null,
    priority,
    tenant: task.tenant ?? null,
    created_by: actor,
    created_at: at,
    updated_at: at,
    due_at: task.dueAt ?? null,
    estimate_minutes: task.estimateMinutes ?? null,
    routine_id: task.routine?.id ?? null,
    slot: task.routine?.slot ?? null,
    idempotency_key: task.idempotencyKey ?? null,
    idempotency_scope: task.idempotencyKey === undefined ? null : (task.idempotencyScope ?? 'any'),
    ready_at: readyAt,
    rank: rankOf(priority, readyAt),
    reviewer: task.reviewer ?? null,
    block_recurrences: blocked ? 1 : 0,
    waiting_code: waiting?.code ?? null,
    waiting_detail: waiting?.detail ?? null,
    waiting_since: at,
    settings: task.settings ? JSON.stringify(task.settings) : '{}',
    origin: encodeJson(task.origin),
  }
}

/** The task that was made with this key, or for this time of a routine. */
async function existing(tx: Transaction<BoardTables>, { idempotencyKey, routine }: NewTask): Promise<number | undefined> {
  const byKey = idempotencyKey === undefined ? undefined : await keyQuery.first(tx, { key: idempotencyKey })
  return (byKey ?? (routine && (await slotQuery.first(tx, routine))))?.number
}

const NEW_COLUMNS = [
  'parents_mode',
  'open_parents',
  'met_parents',
  'dead_parents',
  'state',
  'assignee',
  'not_before',
  'block_kind',
  'block_reason',
  'id',
  'title',
  'body',
  'column_key',
  'priority',
  'tenant',
  'created_by',
  'created_at',
  'updated_at',
  'due_at',
  'estimate_minutes',
  'routine_id',
  'slot',
  'idempotency_key',
  'idempotency_scope',
  'ready_at',
  'rank',
  'reviewer',
  'block_recurrences',
  'waiting_code',
  'waiting_detail',
  'waiting_since',
  'settings',
  'origin',
] as const satisfies readonly (keyof NewRow)[]

const insertQuery = new PreparedQuery<BoardTables, NewRow, Omit<DetailRow, 'labels'>>((tx, row) =>
  tx
    .insertInto('task')
    .values(Object.fromEntries(NEW_COLUMNS.map((column) => [column, row[column]])) as NewRow)
    .returning(DETAIL_COLUMNS),
)

const keyQuery = new PreparedQuery<BoardTables, { key: string }, { number: number }>((tx, { key }) =>
  tx.selectFrom('task').select('number').where('idempotency_key', '=', key),
)

const slotQuery = new PreparedQuery<BoardTables, { id: string; slot: number }, { number: number }>((tx, { id, slot }) =>
  tx.selectFrom('task').select('number').where('routine_id', '=', id).where('slot', '=', slot),
)

const parentQuery = new PreparedQuery<BoardTables, { number: number }, Pick<Selectable<TaskTable>, 'number' | 'deleted_at'> & EndColumns>((tx, { number }) =>
  tx.selectFrom('task').select(['number', 'state', 'archived_from', 'verdict', 'block_kind', 'deleted_at']).where('number', '=', number),
)

const labelsQuery = new PreparedQuery<BoardTables, { number: number; labels: string }, InsertResult>((tx, { number, labels }) =>
  tx
    .insertInto('task_label')
    .columns(['task_number', 'label'])
    .expression(sql`select ${number}, value from json_each(${labels})`),
)

const linksQuery = new PreparedQuery<BoardTables, { number: number; links: string }, InsertResult>((tx, { number, links }) =>
  tx
    .insertInto('link')
    .columns(['parent_number', 'child_number', 'condition', 'state'])
    .expression(sql`select value ->> 0, ${number}, value ->> 1, value ->> 2 from json_each(${links})`),
)
