import type { RunWish, TaskDetail } from '@talaria/db'
import { z } from 'zod'
import { WorkerDefinition } from './worker-definition.ts'

/*
 * What a worker and the dispatcher say to each other: HTTP over a Unix socket, JSON, `Authorization: Bearer <token>`.
 * 409 with code CLAIM_LOST means: whoever you were, you are nobody now; stop at once.
 */

const SpendBody = z.object({ inputTokens: z.int().min(0), outputTokens: z.int().min(0), costMicros: z.int().min(0) })

/** `GET /run`: what is to be done, and how. */
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
}

/** `POST /run/heartbeat` */
export const HeartbeatBody = z.object({ note: z.string().max(500).optional(), spend: SpendBody.optional() })
export interface HeartbeatAnswer {
  readonly leaseExpiresAt: number
  readonly wish: RunWish | null
}

/** `POST /run/transcript`: entries in order; those that are there already are left as they are. */
export const TranscriptBody = z.object({
  entries: z.array(z.object({ seq: z.int().min(1), kind: z.string().max(40), body: z.string().max(100_000), at: z.int() })).max(500),
})

/** `POST /run/complete` */
export const CompleteBody = z.object({
  summary: z.string().min(1).max(20_000),
  result: z.string().max(1_000_000).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  verdict: z.enum(['success', 'failure']).default('success'),
  /** Files of the workspace that become attachments. */
  artifacts: z.array(z.string().max(4_096)).max(50).default([]),
  spend: SpendBody.optional(),
})

/** `POST /run/block` */
export const BlockBody = z.object({
  reason: z.string().min(1).max(20_000),
  kind: z.enum(['dependency', 'needs_input', 'capability', 'transient']).default('needs_input'),
  spend: SpendBody.optional(),
})

/** `POST /run/request-review` */
export const RequestReviewBody = z.object({
  summary: z.string().min(1).max(20_000),
  reviewer: z.string().max(100).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  spend: SpendBody.optional(),
})

/** `POST /run/request-changes`: by who reviews. */
export const RequestChangesBody = z.object({ reason: z.string().min(1).max(20_000), spend: SpendBody.optional() })

/** `POST /run/fail`: the worker itself knows that it failed, and how. */
export const FailBody = z.object({
  class: z.enum(['crash', 'timeout', 'protocol', 'rate_limit', 'infrastructure', 'budget', 'task']),
  code: z.string().max(100),
  message: z.string().max(4_000),
  retryAfterMs: z.int().min(0).optional(),
  spend: SpendBody.optional(),
})

/** An event of `GET /run/wishes`, a stream that stays open while the worker lives. */
export type WishEvent =
  | { readonly type: 'steer'; readonly id: string; readonly author: string; readonly text: string }
  | { readonly type: 'comment'; readonly id: string; readonly author: string; readonly text: string }
  | { readonly type: 'wish'; readonly wish: RunWish; readonly reason: string }
  /** The claim is lost; nothing more will be taken from this worker. */
  | { readonly type: 'fenced' }

/** The variables by which a worker is told where it belongs. What it starts itself does not see them. */
export const WORKER_ENV = { socket: 'TALARIA_WORKER_SOCKET', token: 'TALARIA_WORKER_TOKEN' } as const
