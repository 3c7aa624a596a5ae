import type { Transaction } from '../scope.ts'
import { illegalTransition, moveTask, type Move } from './move-task.ts'
import type { Actor, TaskState, Verdict } from './records.ts'
import type { BoardTables } from './tables.ts'
import { blockedAs, type Block } from './task-block.ts'
import { checkName, checkText, checkTime } from './task-checks.ts'
import { refuseOpenParents } from './task-gate.ts'
import type { TaskHead } from './task-head.ts'
import { place } from './task-links.ts'
import { isDeadlocked } from './task-parents.ts'
import { placeOf } from './task-place.ts'
import { isAllowed } from './transitions.ts'

/** Who does something to a task, and when. */
export interface By {
  readonly actor: Actor
  readonly at: number
}

/** What somebody says about a task that is done. */
export interface Completion {
  /** `success` unless given. */
  readonly verdict?: Verdict
  readonly summary?: string
  readonly result?: string
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** Something that a person, or a program for them, does to a task within a transaction. */
export type TaskStep = (tx: Transaction<BoardTables>, head: TaskHead, by: By) => Promise<TaskHead>

/** What is tried anew begins with a clean sheet. */
const FRESH = { failures: 0, next_attempt_at: null, last_failure: null } as const

export const specified: TaskStep = async (tx, head, by) => place(tx, await moveTask(tx, head, { ...by, action: 'specify', to: restingPlace(head, by) }), by)

/** Before its time, and out of a block, but not before its parents. */
export const promoted: TaskStep = async (tx, head, by) => {
  refuse(head, 'promote')
  await refuseOpenParents(tx, head)
  return moveTask(tx, head, { ...by, action: 'promote', to: head.resume_state === 'review' ? 'review' : 'ready', changes: { ...FRESH, not_before: null } })
}

export function scheduled(notBefore: number): TaskStep {
  checkTime('notBefore', notBefore)
  return (tx, head, by) => moveTask(tx, head, { ...by, action: 'schedule', to: 'scheduled', changes: { not_before: notBefore }, payload: { notBefore } })
}

/** What its time has come for. */
export const woken: TaskStep = async (tx, head, by) => {
  const to = placeOf({ ...head, not_before: null }, by.at)
  const changes = { not_before: null }
  if (to === 'review') return moveTask(tx, head, { ...by, action: 'promote', to, changes })
  return place(tx, await moveTask(tx, head, { ...by, action: 'wake', to, changes, kind: 'task.promoted' }), by)
}

export function blocked({ kind, reason }: Block): TaskStep {
  const said = { kind, reason: checkText('reason', reason, 4_000) }
  return (tx, head, by) => {
    const { to, changes } = blockedAs(head, said)
    return moveTask(tx, head, {
      ...by,
      action: 'block',
      to,
      changes,
      payload: { kind: changes.block_kind, reason: said.reason, recurrences: changes.block_recurrences },
    })
  }
}

/** Out of a block; what had been given up is tried again as if it had never failed. */
export const unblocked: TaskStep = async (tx, head, by) => {
  refuse(head, 'unblock')
  if (isDeadlocked(head)) await refuseOpenParents(tx, head)
  const isRedriven = head.block_kind === 'gave_up' || head.block_kind === 'quarantined'
  return moveTask(tx, head, { ...by, action: 'unblock', to: placeOf(head, by.at), changes: FRESH, ...(isRedriven && { kind: 'task.redriven' }) })
}

/** To somebody who looks at the work; without a reviewer, to whoever comes. */
export function reviewRequested({ reviewer, summary }: { readonly reviewer?: string; readonly summary?: string }): TaskStep {
  if (reviewer !== undefined) checkName('reviewer', reviewer)
  return async (tx, head, by) => {
    refuse(head, 'request_review')
    await refuseOpenParents(tx, head)
    const assignee = reviewer ?? head.reviewer
    const changes = { ...FRESH, assignee, reviewer: assignee, implementer: head.assignee ?? head.implementer, ...(summary !== undefined && { summary }) }
    return moveTask(tx, head, { ...by, action: 'request_review', to: 'review', changes, payload: { reviewer: assignee, implementer: changes.implementer } })
  }
}

/** Back to who did the work, from a review. */
export function changesRequested(reason: string): TaskStep {
  const said = checkText('reason', reason, 100_000)
  return async (tx, head, by) => {
    if (head.state === 'running' && head.resume_state !== 'review') throw illegalTransition(head, 'request_changes')
    const changes = { assignee: head.implementer ?? head.assignee, resume_state: 'ready', not_before: null }
    const move: Move = { ...by, action: 'request_changes', to: workPlace(head, by), changes, payload: { reason: said, assignee: changes.assignee } }
    return place(tx, await moveTask(tx, head, move), by)
  }
}

/** From done or from a review, to be worked on again. */
export function reopened(reason: string | undefined): TaskStep {
  return async (tx, head, by) => {
    const changes = { ...FRESH, assignee: head.implementer ?? head.assignee, resume_state: 'ready', not_before: null }
    const move: Move = { ...by, action: 'reopen', to: workPlace(head, by), changes, payload: { ...(reason !== undefined && { reason }) } }
    return place(tx, await moveTask(tx, head, move), by)
  }
}

/** Away from its worker, to be claimed anew. */
export const released: TaskStep = async (tx, head, by) => {
  const to = placeOf({ ...head, not_before: null }, by.at)
  const move: Move = { ...by, action: 'release', to: to === 'scheduled' ? 'ready' : to, changes: { ...FRESH, not_before: null }, run: { outcome: 'released' } }
  return place(tx, await moveTask(tx, head, move), by)
}

/** Done, because somebody says so. */
export function completed(completion: Completion): TaskStep {
  const { verdict = 'success', summary, result, metadata } = completion
  return async (tx, head, by) => {
    refuse(head, 'complete')
    await refuseOpenParents(tx, head)
    if (result !== undefined || metadata !== undefined) await writeResult(tx, head.number, { result, metadata })
    const changes = { ...FRESH, verdict, block_kind: null, block_reason: null, block_recurrences: 0, ...(summary !== undefined && { summary }) }
    return moveTask(tx, head, { ...by, action: 'complete', to: 'done', changes, payload: { verdict, summary: summary?.slice(0, 400) ?? null } })
  }
}

export const archived: TaskStep = (tx, head, by) => moveTask(tx, head, { ...by, action: 'archive', to: 'archived' })

/** To where it was; what ran, or waited for its turn, is where its parents and its time let it be. */
export const unarchived: TaskStep = async (tx, head, by) => {
  const from = head.archived_from as TaskState | null
  const to = from === 'triage' || from === 'blocked' || from === 'done' ? from : placeOf(head, by.at)
  return place(tx, await moveTask(tx, head, { ...by, action: 'unarchive', to }), by)
}

/** Written apart from the rest of the row, because it may be long. */
async function writeResult(
  tx: Transaction<BoardTables>,
  number: number,
  { result, metadata }: { readonly result?: string | undefined; readonly metadata?: Readonly<Record<string, unknown>> | undefined },
): Promise<void> {
  await tx
    .updateTable('task')
    .set({ ...(result !== undefined && { result }), ...(metadata !== undefined && { metadata: JSON.stringify(metadata) }) })
    .where('number', '=', number)
    .execute()
}

/** @throws BoardError `ILLEGAL_TRANSITION` before anything else is looked at. */
function refuse(head: TaskHead, action: Move['action']): void {
  if (!isAllowed(action, head.state as TaskState)) throw illegalTransition(head, action)
}

function restingPlace(head: TaskHead, { at }: By): 'todo' | 'scheduled' | 'ready' {
  const to = placeOf({ ...head, resume_state: 'ready' }, at)
  return to === 'review' ? 'ready' : to
}

function workPlace(head: TaskHead, { at }: By): 'todo' | 'ready' {
  return restingPlace({ ...head, not_before: null }, { at, actor: '' }) === 'todo' ? 'todo' : 'ready'
}
