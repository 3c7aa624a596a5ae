import type { Budget, RunWish, TaskDetail, TaskState } from '@talaria/db'
import { z } from 'zod'
import { WorkerDefinition } from './worker-definition.ts'

/*
 * What a worker and the dispatcher say to each other: HTTP over a Unix socket, JSON, `Authorization: Bearer <token>`.
 * 409 with code CLAIM_LOST means: whoever you were, you are nobody now; stop at once.
 */

/** What the attempt has cost so far, not since the last time: said twice, it is booked once. */
const SpendBody = z.object({
  inputTokens: z.int().min(0).default(0),
  outputTokens: z.int().min(0).default(0),
  costMicros: z.int().min(0).default(0),
})

/** What every end answers: where the task is now. `review`, although it was completed, when a person is to approve of it first. */
export interface EndAnswer {
  readonly state: TaskState
}

/** `GET /run?pid=…`: what is to be done, and how. The pid is the worker's own, for a dispatcher that died before it wrote it down. */
export interface RunAnswer {
  readonly board: string
  readonly runId: string
  readonly attempt: number
  readonly task: TaskDetail
  /** Everything a worker should know, as text: the task, its parents' results, earlier attempts, comments. */
  readonly context: string
  readonly worker: WorkerDefinition
  readonly workspace: string
  /** The lease ends this long after a heartbeat; a third of it is a good interval. */
  readonly leaseMs: number
  /** When the attempt must be over, by the wall. */
  readonly deadlineAt: number | null
  /** What is left for the task to cost; nothing is said about what has no limit. */
  readonly budget: Budget
}

/** `POST /run/heartbeat` */
export const HeartbeatBody = z.object({ note: z.string().max(500).exactOptional(), spend: SpendBody.exactOptional() })
export type HeartbeatBody = z.output<typeof HeartbeatBody>
export interface HeartbeatAnswer {
  readonly leaseExpiresAt: number
  readonly wish: RunWish | null
  /** Why it is wished. */
  readonly reason: string | null
}

/** `POST /run/transcript`: entries in order; those that are there already are left as they are. */
export const TranscriptBody = z.object({
  entries: z.array(z.object({ seq: z.int().min(1), kind: z.string().max(40), body: z.string().max(100_000) })).max(500),
})
export type TranscriptBody = z.output<typeof TranscriptBody>

/**
 * `POST /run/complete`. Takes as long as the task's checks do: go on with heartbeats meanwhile. 422 `CHECK_FAILED` names
 * what is not true yet, 422 `CHECK_PENDING` what is not known yet; the attempt goes on after both.
 */
export const CompleteBody = z.object({
  summary: z.string().min(1).max(20_000),
  result: z.string().max(1_000_000).exactOptional(),
  metadata: z.record(z.string(), z.unknown()).exactOptional(),
  verdict: z.enum(['success', 'failure']).default('success'),
  /** Files of the workspace that become attachments. */
  artifacts: z.array(z.string().max(4_096)).max(50).default([]),
  spend: SpendBody.exactOptional(),
})
export type CompleteBody = z.output<typeof CompleteBody>

/** `POST /run/block` */
export const BlockBody = z.object({
  reason: z.string().min(1).max(20_000),
  kind: z.enum(['dependency', 'needs_input', 'capability', 'transient']).default('needs_input'),
  spend: SpendBody.exactOptional(),
})
export type BlockBody = z.output<typeof BlockBody>

/** `POST /run/request-review` */
export const RequestReviewBody = z.object({
  summary: z.string().min(1).max(20_000),
  reviewer: z.string().max(100).exactOptional(),
  metadata: z.record(z.string(), z.unknown()).exactOptional(),
  spend: SpendBody.exactOptional(),
})
export type RequestReviewBody = z.output<typeof RequestReviewBody>

/** `POST /run/request-changes`: by who reviews. */
export const RequestChangesBody = z.object({ reason: z.string().min(1).max(20_000), spend: SpendBody.exactOptional() })
export type RequestChangesBody = z.output<typeof RequestChangesBody>

/** `POST /run/fail`: the worker itself knows that it failed, and how. */
export const FailBody = z.object({
  class: z.enum(['crash', 'timeout', 'protocol', 'rate_limit', 'infrastructure', 'budget', 'task']),
  code: z.string().max(100),
  message: z.string().max(4_000),
  retryAfterMs: z.int().min(0).exactOptional(),
  spend: SpendBody.exactOptional(),
})
export type FailBody = z.output<typeof FailBody>

/** `POST /run/files?name=…` with the bytes as body: a file of the task. */
export interface FileAnswer {
  readonly attachment: { readonly id: string; readonly name: string; readonly bytes: number }
}

/** `POST /tools/{name}` with the tool's input as body. */
export interface ToolAnswer {
  readonly result: unknown
}

/** Every refusal, with its status. */
export interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly details?: Readonly<Record<string, unknown>> }
}

/** An event of `GET /run/wishes`, a stream that stays open while the worker lives, and goes on by `Last-Event-ID`. The name of each is its type. */
export type WishEvent =
  | { readonly type: 'steer'; readonly id: string; readonly author: string; readonly text: string }
  | { readonly type: 'comment'; readonly id: string; readonly author: string; readonly text: string }
  | { readonly type: 'wish'; readonly wish: RunWish; readonly reason: string }
  /** The claim is lost; nothing more will be taken from this worker. */
  | { readonly type: 'fenced' }

/** The variables by which a worker is told where it belongs. What it starts itself does not see them. */
export const WORKER_ENV = { socket: 'TALARIA_WORKER_SOCKET', token: 'TALARIA_WORKER_TOKEN' } as const
