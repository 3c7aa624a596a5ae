import type { UpdateResult } from 'kysely'
import { encodeJson } from '../json-column.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { BoardError } from './board-error.ts'
import type { Actor, EventKind, RunFailure, RunOutcome, TaskState } from './records.ts'
import { settleParent } from './settle-parents.ts'
import type { BoardTables } from './tables.ts'
import { LIFE_COLUMNS, type TaskHead } from './task-head.ts'
import { endingOf } from './task-parents.ts'
import { rankOf } from './task-rank.ts'
import { waitingOf } from './task-waiting.ts'
import { actionsFrom, isAllowed, TRANSITIONS, type TaskAction } from './transitions.ts'

/** How the open run of a task ends when the task leaves `running`. */
export interface RunEnd {
  readonly outcome: RunOutcome
  readonly failure?: RunFailure
  readonly summary?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly exitCode?: number
  readonly exitSignal?: string
}

/** One step of a task from a state to another. */
export interface Move {
  readonly action: TaskAction
  readonly to: TaskState
  readonly actor: Actor
  readonly at: number
  /** Of the event; the action's own unless given. */
  readonly kind?: EventKind
  readonly payload?: Readonly<Record<string, unknown>>
  /** What else of the row becomes different. States, ranks, reasons for waiting and ends follow by themselves. */
  readonly changes?: Partial<Omit<TaskHead, 'number' | 'id' | 'state' | 'revision'>>
  /** `fenced` unless given: somebody moved the task away under its worker. */
  readonly run?: RunEnd
}

const EVENT_OF: Readonly<Record<TaskAction, EventKind>> = {
  specify: 'task.specified',
  promote: 'task.promoted',
  demote: 'task.reopened',
  schedule: 'task.scheduled',
  wake: 'task.promoted',
  claim: 'task.claimed',
  complete: 'task.completed',
  block: 'task.blocked',
  unblock: 'task.unblocked',
  request_review: 'task.review_requested',
  request_changes: 'task.changes_requested',
  reopen: 'task.reopened',
  fail: 'task.failed',
  give_up: 'task.gave_up',
  release: 'task.released',
  archive: 'task.archived',
  unarchive: 'task.unarchived',
}

/**
 * Moves a task within a transaction: the only way by which one changes its state, but for what its parents do to it.
 * Closes its open run when it leaves `running`, writes the event, and tells its children when it ends or is opened again.
 *
 * @returns its head as it is afterwards.
 * @throws BoardError `ILLEGAL_TRANSITION`
 */
export async function moveTask(tx: Transaction<BoardTables>, head: TaskHead, move: Move): Promise<TaskHead> {
  const { action, to, actor, at } = move
  const from = head.state as TaskState
  if (!isAllowed(action, from) || !TRANSITIONS[action].to.includes(to)) throw illegalTransition(head, action)
  const ranMs = from === 'running' && head.run_id !== null ? await closeRun(tx, head.run_id, move.run ?? { outcome: 'fenced' }, at) : 0
  const moved = placed({ ...head, ...(from === 'running' && { run_id: null, run_ms: head.run_ms + ranMs }), ...move.changes, state: to }, head, at)
  await lifeQuery.run(tx, { ...moved, updated_at: at })
  const kind = move.kind ?? EVENT_OF[action]
  const runId = moved.run_id ?? head.run_id
  await appendEvent(tx, { kind, actor, at, taskNumber: head.number, runId, payload: { from, to, ...move.payload } })
  await tellChildren(tx, head, moved, { actor, at })
  return moved
}

/** Tells the children of a task when what it is for them is another than before. */
export async function tellChildren(
  tx: Transaction<BoardTables>,
  before: TaskHead,
  after: TaskHead,
  by: { readonly actor: Actor; readonly at: number },
): Promise<void> {
  const ending = endingOf(after)
  if (ending !== endingOf(before)) await settleParent(tx, after.number, ending, by)
}

/** Writes a head as it should be, when something about it changed that is no move: who it is for, how urgent it is. */
export async function writeHead(tx: Transaction<BoardTables>, head: TaskHead, at: number): Promise<TaskHead> {
  const written = withWaiting({ ...head, rank: rankOf(head.priority, head.ready_at), revision: head.revision + 1 }, at)
  await lifeQuery.run(tx, { ...written, updated_at: at })
  return written
}

/** What is thrown when the table of transitions has no such way. */
export function illegalTransition(head: Pick<TaskHead, 'number' | 'state'>, action: string): BoardError {
  const allowed = actionsFrom(head.state as TaskState)
  return new BoardError('ILLEGAL_TRANSITION', `#${head.number} is ${head.state}: ${action} is not possible. Possible: ${allowed.join(', ')}.`, {
    details: { from: head.state, action, allowed },
  })
}

/** The row with everything that follows from where it is now. */
function placed(row: TaskHead, before: TaskHead, at: number): TaskHead {
  const isClaimable = row.state === 'ready' || row.state === 'review'
  const isEnded = row.state === 'done' || row.state === 'archived'
  // What ran and goes back keeps its place in the queue; a claim does not lose it either.
  const readyAt = isClaimable ? (before.ready_at ?? at) : row.state === 'running' ? before.ready_at : null
  return withWaiting(
    {
      ...row,
      column_key: row.state === before.state ? row.column_key : null,
      revision: before.revision + 1,
      ready_at: readyAt,
      rank: rankOf(row.priority, isClaimable ? readyAt : null),
      resume_state: isClaimable ? row.state : isEnded && row.state === 'done' ? 'ready' : row.resume_state,
      not_before: row.state === 'scheduled' ? row.not_before : isClaimable || row.state === 'running' ? null : row.not_before,
      ended_at: isEnded ? (before.ended_at ?? at) : null,
      archived_from: row.state === 'archived' ? before.state : null,
      verdict: row.state === 'done' ? (row.verdict ?? 'success') : isEnded ? row.verdict : null,
      idempotency_key: isEnded && row.idempotency_scope === 'open' ? null : row.idempotency_key,
    },
    at,
  )
}

function withWaiting(row: TaskHead, at: number): TaskHead {
  const reason = waitingOf(row, at)
  const since = reason?.code === row.waiting_code ? row.waiting_since : at
  return { ...row, waiting_code: reason?.code ?? null, waiting_detail: reason?.detail ?? null, waiting_since: reason ? since : null }
}

/** Closes a run that is open, and returns how long it ran. */
async function closeRun(tx: Transaction<BoardTables>, id: string, end: RunEnd, at: number): Promise<number> {
  const row = await closeQuery.first(tx, {
    id,
    at,
    outcome: end.outcome,
    failure: encodeJson(end.failure),
    summary: end.summary ?? null,
    metadata: encodeJson(end.metadata),
    exitCode: end.exitCode ?? null,
    exitSignal: end.exitSignal ?? null,
  })
  return row ? Math.max(0, at - row.claimed_at) : 0
}

interface CloseValues {
  readonly id: string
  readonly at: number
  readonly outcome: string
  readonly failure: string | null
  readonly summary: string | null
  readonly metadata: string | null
  readonly exitCode: number | null
  readonly exitSignal: string | null
}

const closeQuery = new PreparedQuery<BoardTables, CloseValues, { claimed_at: number }>((tx, values) =>
  tx
    .updateTable('run')
    .set({
      outcome: values.outcome,
      ended_at: values.at,
      failure: values.failure,
      summary: values.summary,
      metadata: values.metadata,
      exit_code: values.exitCode,
      exit_signal: values.exitSignal,
    })
    .where('id', '=', values.id)
    .where('ended_at', 'is', null)
    .returning('claimed_at'),
)

const lifeQuery = new PreparedQuery<BoardTables, TaskHead & { readonly updated_at: number }, UpdateResult>((tx, row) =>
  tx
    .updateTable('task')
    .set({
      ...Object.fromEntries(LIFE_COLUMNS.map((column) => [column, row[column]])),
      priority: row.priority,
      revision: row.revision,
      updated_at: row.updated_at,
    })
    .where('number', '=', row.number),
)
