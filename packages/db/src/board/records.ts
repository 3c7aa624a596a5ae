/** What the stores of a board give and take: plain values, times in integer milliseconds, ids as text. */

import type { NewSubscription } from './belonging-records.ts'

export type * from './board-records.ts'
export type * from './belonging-records.ts'

/** Where a task stands. `TRANSITIONS` says what leads from one to another. */
export type TaskState = 'triage' | 'todo' | 'scheduled' | 'ready' | 'running' | 'review' | 'blocked' | 'done' | 'archived'

/** Who did something: `user:anna`, `key:ci`, `chat:telegram:bot:42`, `worker:run_…`, `dispatcher`, `cli`. */
export type Actor = string

/** Why a task stands still until somebody acts. `dependency`: a parent ended so that its condition can never be met. */
export type BlockKind = 'dependency' | 'needs_input' | 'capability' | 'transient' | 'gave_up' | 'quarantined'

/** How work ended, for those that wait for it: done is not yet a success. */
export type Verdict = 'success' | 'failure'

/** When a link counts as met. */
export type LinkCondition = 'success' | 'failure' | 'always'

/** `dead`: it can never be met any more, unless its parent is opened again. */
export type LinkState = 'open' | 'met' | 'dead'

/** Whether a task waits for all its parents or for any one of them. */
export type ParentsMode = 'all' | 'any'

/** Why a task is not running at this moment, one word for programs; `detail` beside it is for people. */
export type WaitingCode =
  | 'triage'
  | 'parents'
  | 'deadlock'
  | 'not_before'
  | 'queued'
  | 'backoff'
  | 'unassigned'
  | 'unknown_assignee'
  | 'host_cap'
  | 'board_cap'
  | 'assignee_cap'
  | 'label_cap'
  | 'wip_limit'
  | 'memory'
  | 'budget'
  | 'board_paused'
  | 'dispatcher_paused'
  | 'review'
  | 'approval'
  | 'blocked'

/** Stored with the task, written when it changes and not at every tick. */
export interface Waiting {
  readonly code: WaitingCode
  readonly detail: string
  readonly since: number
}

/** Where the work is done. `scratch`: a folder of its own, removed afterwards; `dir`: a folder that is there and stays. */
export interface WorkspaceWish {
  readonly kind: 'scratch' | 'dir' | 'worktree'
  /** The folder, or the repository of a worktree; a scratch has none. */
  readonly path?: string
  readonly branch?: string
  readonly keep?: boolean
}

/** What an attempt, a task or a day may cost. Money in millionths of the currency that prices are given in. */
export interface Budget {
  readonly tokens?: number
  readonly costMicros?: number
  readonly runMs?: number
}

/** What must be true before a completion is taken. */
export type CompletionCheck =
  | { readonly kind: 'command'; readonly command: string; readonly timeoutMs?: number }
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | { readonly kind: 'pull_request'; readonly repository: string; readonly number?: number }

/** A gate that a completion waits at: a person, or a command that decides. */
export type ApprovalGate = { readonly kind: 'person' } | { readonly kind: 'command'; readonly command: string; readonly timeoutMs?: number }

/** What of a task is looked at only when it is worked on. */
export interface TaskSettings {
  readonly model?: string
  readonly reasoningEffort?: string
  /** Absent: those of the assignee. Empty: none. */
  readonly skills?: readonly string[]
  readonly workspace?: WorkspaceWish
  readonly maxRuntimeMs?: number
  /** Attempts before it is given up; the board's unless given. */
  readonly maxAttempts?: number
  readonly budget?: Budget
  readonly checks?: readonly CompletionCheck[]
  readonly gates?: readonly ApprovalGate[]
  /** A judge looks after each turn whether the task's own words are fulfilled. */
  readonly goal?: { readonly maxTurns: number }
}

/** Where a task came from: the conversation that asked for it. */
export interface TaskOrigin {
  readonly sessionId?: string
  readonly chat?: { readonly platform: string; readonly account: string; readonly chatId: string; readonly threadId: string }
}

/** What is to be done, as whoever makes it says it. */
export interface NewTask {
  readonly title: string
  readonly body?: string
  readonly assignee?: string
  readonly priority?: number
  readonly tenant?: string
  readonly labels?: readonly string[]
  readonly dueAt?: number
  readonly notBefore?: number
  readonly estimateMinutes?: number
  readonly columnKey?: string
  /** Ids or numbers of tasks that come first. */
  readonly parents?: readonly { readonly id: string; readonly condition?: LinkCondition }[]
  readonly parentsMode?: ParentsMode
  readonly isTriage?: boolean
  readonly blocked?: { readonly kind: BlockKind; readonly reason: string }
  readonly idempotencyKey?: string
  /** `any`: one task for ever; `open`: a new one may be made once the former has ended. */
  readonly idempotencyScope?: 'any' | 'open'
  readonly reviewer?: string
  readonly settings?: TaskSettings
  readonly origin?: TaskOrigin
  /** Subscribed from its first event on. */
  readonly subscribers?: readonly NewSubscription[]
  /** The run that makes it: its task's tenant, origin and subscriptions are inherited. */
  readonly madeByRun?: string
  readonly routine?: { readonly id: string; readonly slot: number }
}

/** Fields of a task that a person or a tool may change; `null` clears. */
export interface TaskChanges {
  readonly title?: string
  readonly body?: string
  readonly priority?: number
  readonly tenant?: string | null
  readonly labels?: readonly string[]
  readonly dueAt?: number | null
  readonly estimateMinutes?: number | null
  readonly columnKey?: string | null
  readonly reviewer?: string | null
  readonly settings?: { readonly [Key in keyof TaskSettings]?: TaskSettings[Key] | null }
}

/** Tokens and money of a run, a task or a day. */
export interface Spend {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costMicros: number
}

/** A card on the board, as a list shows it. */
export interface Task {
  /** Small, of this board, never used again; what people say: `#12`. */
  readonly number: number
  readonly id: string
  readonly title: string
  readonly state: TaskState
  readonly columnKey: string | null
  readonly assignee: string | null
  readonly priority: number
  readonly tenant: string | null
  readonly labels: readonly string[]
  readonly createdBy: Actor
  readonly createdAt: number
  readonly updatedAt: number
  /** Another number after every change; what an approval is bound to, and what `If-Match` compares. */
  readonly revision: number
  /** Of the first attempt. */
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly dueAt: number | null
  readonly notBefore: number | null
  readonly estimateMinutes: number | null
  readonly routineId: string | null
  readonly parents: { readonly mode: ParentsMode; readonly open: number; readonly met: number; readonly dead: number }
  /** Attempts that were begun. */
  readonly attempts: number
  /** Attempts in a row that failed. */
  readonly failures: number
  readonly lastFailure: RunFailure | null
  readonly nextAttemptAt: number | null
  readonly runId: string | null
  readonly reviewer: string | null
  readonly block: { readonly kind: BlockKind; readonly reason: string; readonly recurrences: number } | null
  readonly waiting: Waiting | null
  readonly verdict: Verdict | null
  readonly summary: string | null
  readonly spend: Spend
  readonly runMs: number
  readonly idempotencyKey: string | null
  readonly deletedAt: number | null
}

/** A task with what only its own page needs. */
export interface TaskDetail extends Task {
  readonly body: string
  readonly result: string | null
  readonly metadata: Readonly<Record<string, unknown>> | null
  readonly settings: TaskSettings
  readonly origin: TaskOrigin | null
  readonly implementer: string | null
}

/** What failed, by class; what follows from it is one table (`failure-policy.ts` of the kanban package). */
export type FailureClass = 'spawn' | 'crash' | 'timeout' | 'protocol' | 'rate_limit' | 'infrastructure' | 'lease' | 'budget' | 'task'

/** How an attempt failed. */
export interface RunFailure {
  readonly class: FailureClass
  readonly code: string
  readonly message: string
  /** When the other side said to come back. */
  readonly retryAt?: number
}

/** How an attempt ended; none while it runs. `fenced`: somebody moved the task away under it. */
export type RunOutcome =
  | 'completed'
  | 'blocked'
  | 'review_requested'
  | 'changes_requested'
  | 'failed'
  | 'gave_up'
  | 'rate_limited'
  | 'released'
  | 'fenced'
  | 'cancelled'

/** What the board wants of a running worker. Written to its row, told over its socket. */
export type RunWish = 'stop' | 'pause' | 'resume'

/** One attempt at a task. */
export interface Run {
  readonly id: string
  readonly taskNumber: number
  readonly attempt: number
  /** Larger for every claim of the task: every write of a worker names it, and a smaller one changes nothing. */
  readonly fence: number
  readonly assignee: string | null
  readonly executor: string
  readonly sourceState: 'ready' | 'review'
  /** The task's revision when it was claimed. */
  readonly taskRevision: number
  readonly outcome: RunOutcome | null
  /** The dispatcher that spawned it, or has adopted it since. */
  readonly dispatcher: string
  readonly host: string
  readonly pid: number | null
  /** Tells the process from a later one with the same number. */
  readonly processStarted: string | null
  readonly workspace: string | null
  readonly claimedAt: number
  readonly spawnedAt: number | null
  readonly deadlineAt: number | null
  readonly leaseExpiresAt: number
  readonly heartbeatAt: number | null
  readonly note: string | null
  readonly wish: RunWish | null
  readonly wishReason: string | null
  readonly endedAt: number | null
  readonly exitCode: number | null
  readonly exitSignal: string | null
  readonly failure: RunFailure | null
  readonly summary: string | null
  readonly metadata: Readonly<Record<string, unknown>> | null
  readonly spend: Spend
}

/** Proof of who may write about an attempt. Every later write compares the fence. */
export interface Claim {
  readonly board: string
  readonly taskNumber: number
  readonly taskId: string
  readonly runId: string
  readonly fence: number
}

/** What is claimed, and the row as it is. */
export interface Claimed {
  readonly claim: Claim
  readonly task: TaskDetail
  readonly run: Run
}

/** A task that could be claimed, as selection looks at it: few columns, from an index. */
export interface Candidate {
  readonly number: number
  readonly id: string
  readonly state: 'ready' | 'review'
  readonly assignee: string | null
  readonly labels: readonly string[]
  /** Larger goes first: priority and age in one number that does not change as time passes. */
  readonly rank: number
  readonly waiting: Waiting | null
}

/** A link between two tasks, both as people name them. */
export interface Link {
  readonly parentNumber: number
  readonly childNumber: number
  readonly condition: LinkCondition
  readonly state: LinkState
}

export interface Comment {
  readonly id: string
  readonly taskNumber: number
  readonly runId: string | null
  readonly author: Actor
  readonly body: string
  readonly createdAt: number
}

/** What happened. `seq` counts up by one without a gap on each board, and is what streams resume by. */
export interface BoardEvent {
  readonly seq: number
  readonly taskNumber: number | null
  readonly runId: string | null
  readonly kind: EventKind
  readonly actor: Actor
  readonly payload: Readonly<Record<string, unknown>>
  readonly at: number
}

/** Everything that can be on the event log. */
export type EventKind =
  | 'board.created'
  | 'board.changed'
  | 'board.archived'
  | 'board.restored'
  | 'board.paused'
  | 'board.resumed'
  | 'task.created'
  | 'task.changed'
  | 'task.assigned'
  | 'task.specified'
  | 'task.decomposed'
  | 'task.promoted'
  | 'task.scheduled'
  | 'task.claimed'
  | 'task.spawned'
  | 'task.completed'
  | 'task.blocked'
  | 'task.unblocked'
  | 'task.review_requested'
  | 'task.changes_requested'
  | 'task.reopened'
  | 'task.failed'
  | 'task.gave_up'
  | 'task.redriven'
  | 'task.released'
  | 'task.fenced'
  | 'task.archived'
  | 'task.unarchived'
  | 'task.deleted'
  | 'task.restored'
  | 'link.added'
  | 'link.removed'
  | 'comment.added'
  | 'attachment.added'
  | 'attachment.removed'
  | 'approval.asked'
  | 'approval.answered'
  | 'run.progress'
  | 'run.steered'
  | 'run.wish'
  | 'subscription.added'
  | 'subscription.removed'
  | 'routine.changed'
  | 'routine.fired'
  | 'recipe.instantiated'

export interface TranscriptEntry {
  readonly seq: number
  /** `text`, `reasoning`, `tool`, `stdout`, `stderr`, `note`, … */
  readonly kind: string
  readonly body: string
  readonly at: number
}
