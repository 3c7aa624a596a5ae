import type { Clock, Log } from '@talaria/core'
import type { Spend } from '@talaria/db'
import type { z } from 'zod'
import type { BlockBody, CompleteBody, FailBody, RequestChangesBody, RequestReviewBody, RunAnswer } from '../workers/worker-protocol.ts'
import type { PauseGate } from './pause-gate.ts'
import type { Steering } from './steering.ts'
import type { Transcript } from './transcript.ts'
import type { WorkerClient } from './worker-client.ts'

/** How an attempt ended, as it is told to the dispatcher. */
export type WorkerEnd =
  | { readonly as: 'complete'; readonly body: z.input<typeof CompleteBody> }
  | { readonly as: 'block'; readonly body: z.input<typeof BlockBody> }
  | { readonly as: 'request-review'; readonly body: RequestReviewBody }
  | { readonly as: 'request-changes'; readonly body: RequestChangesBody }
  | { readonly as: 'fail'; readonly body: FailBody }

/** What does the work has said how it ended itself, by a tool. */
export const ALREADY_SAID = 'already_said'

/** What a kind of work is given. */
export interface WorkContext {
  readonly run: RunAnswer
  readonly client: WorkerClient
  readonly transcript: Transcript
  readonly steering: Steering
  readonly gate: PauseGate
  /** What the attempt has cost so far, all in all. */
  readonly spent: (total: Spend) => void
  /** Says everything that is to be known of the attempt before it ends by a tool: nothing is taken of it afterwards. */
  readonly settle: (signal: AbortSignal) => Promise<void>
  /** Says an end; what it lacks when it is refused, for work that can put it right. */
  readonly say: (end: WorkerEnd) => Promise<string | undefined>
  /** Aborts when the work is to end; the reason is a WorkerError, and after `CLAIM_LOST` there is no time for manners. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
}

/** Does what is to be done and tells how it ended; throws the reason of its signal when it is told to stop. */
export type Work = (context: WorkContext) => Promise<WorkerEnd | typeof ALREADY_SAID>
