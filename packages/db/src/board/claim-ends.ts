import type { UpdateResult } from 'kysely'
import { encodeJson } from '../json-column.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { askApproval } from './approval-rows.ts'
import { BoardError, invalidField } from './board-error.ts'
import { currentRun, type CurrentRun } from './claim-current.ts'
import { addSpend } from './claim-spend.ts'
import { writeWaiting } from './claim-waiting.ts'
import { moveTask, type Move, type RunEnd } from './move-task.ts'
import type { ApprovalGate, BlockKind, Claim, RunFailure, Spend, Verdict } from './records.ts'
import { blockedAs } from './task-block.ts'
import type { TaskHead } from './task-head.ts'
import { place } from './task-links.ts'
import { parentsAllow } from './task-parents.ts'
import type { BoardTables } from './tables.ts'

/** What every end of an attempt may say. */
interface AnyEnd {
  /** Since the last time that it was told. */
  readonly spend?: Spend
  /** Handed on to the task's children and to whoever tries again. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Names of files that came of it, for whoever is told. */
  readonly artifacts?: readonly string[]
}

/** The work is done. */
export interface Completion extends AnyEnd {
  readonly summary: string
  readonly result?: string
  /** `success` unless given. */
  readonly verdict?: Verdict
}

/** The work cannot go on until somebody acts. */
export interface Blocking extends AnyEnd {
  readonly kind: BlockKind
  readonly reason: string
}

/** The work is done as far as whoever did it can tell. */
export interface ReviewRequest extends AnyEnd {
  readonly summary: string
  /** The task's own reviewer unless given; a person when there is none. */
  readonly reviewer?: string
  /** Gates that it waits at, when it is complete but for a word: no worker reviews it then. */
  readonly gates?: readonly ApprovalGate[]
  /** What has come of it, with the gates. */
  readonly result?: string
}

/** A reviewer sends work back. */
export interface ChangesRequest extends AnyEnd {
  readonly reason: string
}

/** What follows from a failure; decided by who knows its class. */
export interface FailurePolicy extends AnyEnd {
  /** When it may be tried again; at once unless given. */
  readonly retryAt?: number
  /** No further attempt until somebody unblocks the task, and as what it is blocked. */
  readonly giveUp?: Extract<BlockKind, 'gave_up' | 'quarantined'>
  /** Whether it is one of the failures in a row that make a task be given up. */
  readonly isCounted: boolean
  readonly exitCode?: number
  readonly exitSignal?: string
}

/** How an attempt ends: what moves its task, by what its claim's run and task are. */
type End = (current: CurrentRun) => Omit<Move, 'actor' | 'at' | 'run'>

/** Longer summaries are cut in events, which everybody follows. */
const EVENT_SUMMARY_CHARACTERS = 400

/** What a worker's every line on the log is signed with. */
const workerActor = ({ runId }: Claim) => `worker:${runId}`

/** Ends an attempt once: moves its task, closes its run, and books what it cost. `undefined` when it has ended so already. */
async function endRun(tx: Transaction<BoardTables>, claim: Claim, run: RunEnd, details: AnyEnd, at: number, end: End): Promise<TaskHead | undefined> {
  const current = await currentRun(tx, claim, run.outcome)
  if (!current) return undefined
  const move = end(current)
  const moved = await moveTask(tx, current.head, {
    ...move,
    payload: { ...move.payload, ...(details.artifacts?.length && { artifacts: details.artifacts }) },
    actor: workerActor(claim),
    at,
    run: { ...run, ...(details.metadata && { metadata: details.metadata }) },
  })
  const costs = details.spend ? [{ runId: claim.runId, taskNumber: claim.taskNumber, spend: details.spend }] : []
  await addSpend(tx, costs, at, Math.max(0, at - current.claimedAt))
  // It may have been given a parent while it ran.
  return place(tx, moved, { actor: workerActor(claim), at })
}

export async function completeRun(tx: Transaction<BoardTables>, claim: Claim, completion: Completion, at: number): Promise<void> {
  const { summary, verdict = 'success', result, metadata } = completion
  const isFirst = await endRun(tx, claim, { outcome: 'completed', summary }, completion, at, () => ({
    action: 'complete',
    to: 'done',
    changes: { verdict, summary, failures: 0, last_failure: null, block_kind: null, block_reason: null, block_recurrences: 0 },
    payload: { summary: summary.slice(0, EVENT_SUMMARY_CHARACTERS), verdict },
  }))
  if (isFirst) await resultQuery.run(tx, { number: claim.taskNumber, result: result ?? null, metadata: encodeJson(metadata) })
}

export async function blockRun(tx: Transaction<BoardTables>, claim: Claim, blocking: Blocking, at: number): Promise<void> {
  const reason = required('reason', blocking.reason)
  await endRun(tx, claim, { outcome: 'blocked', summary: reason }, blocking, at, ({ head }) => {
    const { to, changes } = blockedAs(head, { kind: blocking.kind, reason })
    return { action: 'block', to, changes, payload: { kind: changes.block_kind, reason, recurrences: changes.block_recurrences } }
  })
}

export async function requestReviewOfRun(tx: Transaction<BoardTables>, claim: Claim, request: ReviewRequest, at: number): Promise<void> {
  const { summary, gates = [], result, metadata } = request
  const isForWord = gates.length > 0
  const moved = await endRun(tx, claim, { outcome: 'review_requested', summary }, request, at, ({ head, sourceState }) => {
    const implementer = sourceState === 'review' ? head.implementer : head.assignee
    const reviewer = request.reviewer ?? head.reviewer
    return {
      action: 'request_review',
      to: 'review',
      changes: { summary, implementer, reviewer, assignee: isForWord ? null : reviewer, failures: 0 },
      payload: { summary: summary.slice(0, EVENT_SUMMARY_CHARACTERS), implementer, reviewer: isForWord ? null : reviewer },
    }
  })
  if (!moved || !isForWord) return
  const { taskNumber, runId } = claim
  await resultQuery.run(tx, { number: taskNumber, result: result ?? null, metadata: encodeJson(metadata) })
  for (const gate of gates) await askApproval(tx, { taskNumber, runId, taskRevision: moved.revision, gate, askedBy: workerActor(claim) }, at)
  await writeWaiting(tx, [{ number: taskNumber, code: 'approval', detail: 'Waits for somebody to approve of it.' }], at)
}

export async function requestChangesOfRun(tx: Transaction<BoardTables>, claim: Claim, request: ChangesRequest, at: number): Promise<void> {
  const reason = required('reason', request.reason)
  await endRun(tx, claim, { outcome: 'changes_requested', summary: reason }, request, at, ({ head, sourceState }) => {
    if (sourceState !== 'review') {
      throw new BoardError('ILLEGAL_TRANSITION', `#${head.number} was not claimed for a review.`, {
        details: { from: head.state, action: 'request_changes', allowed: ['complete', 'block', 'request_review'] },
      })
    }
    return {
      action: 'request_changes',
      to: parentsAllow(head) ? 'ready' : 'todo',
      changes: { assignee: head.implementer, reviewer: head.reviewer ?? head.assignee },
      payload: { reason, implementer: head.implementer, reviewer: head.assignee },
    }
  })
}

export async function failRun(tx: Transaction<BoardTables>, claim: Claim, failure: RunFailure, policy: FailurePolicy, at: number): Promise<void> {
  const { giveUp, retryAt, isCounted, exitCode, exitSignal } = policy
  const outcome = giveUp ? 'gave_up' : failure.class === 'rate_limit' ? 'rate_limited' : 'failed'
  const run: RunEnd = { outcome, failure, ...(exitCode !== undefined && { exitCode }), ...(exitSignal !== undefined && { exitSignal }) }
  await endRun(tx, claim, run, policy, at, ({ head, sourceState }) => {
    const failures = head.failures + (isCounted ? 1 : 0)
    const changes = { failures, last_failure: JSON.stringify(failure) }
    const payload = { failure, failures, attempt: head.attempts }
    if (giveUp) {
      const blocked = { block_kind: giveUp, block_reason: failure.message, block_recurrences: 0, next_attempt_at: null }
      return { action: 'give_up', to: 'blocked', changes: { ...changes, ...blocked }, payload: { ...payload, kind: giveUp } }
    }
    return {
      action: 'fail',
      to: sourceState,
      changes: { ...changes, next_attempt_at: retryAt ?? null },
      payload: { ...payload, ...(retryAt !== undefined && { retryAt }) },
    }
  })
}

/** `todo` when its parents do not allow it any more, else where it came from. */
export async function releaseRun(tx: Transaction<BoardTables>, claim: Claim, reason: string, retryAt: number | undefined, at: number): Promise<void> {
  await endRun(tx, claim, { outcome: 'released', summary: reason }, {}, at, ({ head, sourceState }) => ({
    action: 'release',
    to: parentsAllow(head) ? sourceState : 'todo',
    changes: { next_attempt_at: retryAt ?? null },
    payload: { reason },
  }))
}

function required(field: string, text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') throw invalidField(field, 'not empty')
  return trimmed
}

const resultQuery = new PreparedQuery<BoardTables, { number: number; result: string | null; metadata: string | null }, UpdateResult>(
  (tx, { number, result, metadata }) => tx.updateTable('task').set({ result, metadata }).where('number', '=', number),
)
