import type { FailureClass, RunFailure } from '@talaria/db'

/** What follows from a failed attempt. */
interface Policy {
  /** Whether it counts towards the attempts after which a task is given up. */
  readonly isCounted: boolean
  /** Before the first try again; twice as long before each one after it. */
  readonly baseMs: number
  readonly maxMs: number
  /** Attempts in a row that fail so until the task is given up, where it is not the task's own number. */
  readonly limit?: number
  /** Why it is so. */
  readonly reason: string
}

/**
 * The one table of what is done about a failure. A rate limit or a full disk says nothing about the task; what a worker
 * says about itself and what it dies of does.
 */
export const FAILURE_POLICY: Readonly<Record<FailureClass, Policy>> = {
  spawn: { isCounted: true, baseMs: 5_000, maxMs: 600_000, reason: 'the worker or its workspace is set up wrongly' },
  crash: { isCounted: true, baseMs: 10_000, maxMs: 3_600_000, reason: 'the worker died of something that may happen again' },
  timeout: { isCounted: true, baseMs: 30_000, maxMs: 3_600_000, reason: 'it would take as long again' },
  protocol: { isCounted: true, baseMs: 10_000, maxMs: 600_000, limit: 3, reason: 'the worker ended without saying how' },
  lease: { isCounted: true, baseMs: 10_000, maxMs: 600_000, reason: 'the worker has not been heard of' },
  task: { isCounted: true, baseMs: 30_000, maxMs: 3_600_000, reason: 'the worker says that it failed' },
  rate_limit: { isCounted: false, baseMs: 60_000, maxMs: 3_600_000, reason: 'the provider asks for patience' },
  infrastructure: { isCounted: false, baseMs: 15_000, maxMs: 900_000, reason: 'the host is the reason, not the task' },
  budget: { isCounted: true, baseMs: 0, maxMs: 0, limit: 1, reason: 'more money is for a person to allow' },
}

/** Attempts that fail for the same reason within minutes are one reason, not bad luck. */
const SAME_FAILURES = 3

export interface FailureVerdict {
  readonly isCounted: boolean
  /** Whether the task is given up: it is blocked until somebody redrives it. */
  readonly giveUp: boolean
  /** When it may be tried again, by the wall; `undefined` when it is given up. */
  readonly retryAt: number | undefined
}

export interface FailedAttempts {
  /** Failures in a row before this one that were counted. */
  readonly failures: number
  readonly maxAttempts: number
  readonly lastFailure: RunFailure | null
  /** Attempts of the task in all, for the back-off of those that are not counted. */
  readonly attempts: number
}

/**
 * What to do about `failure`, by the table: again after an exponential back-off with full jitter (between half and all of
 * it, so that tasks which failed together do not come back together), or not again.
 *
 * `random` is from 0 to 1.
 */
export function judgeFailure(failure: RunFailure, past: FailedAttempts, { now, random }: { readonly now: number; readonly random: number }): FailureVerdict {
  const { isCounted, baseMs, maxMs, limit } = FAILURE_POLICY[failure.class]
  const count = past.failures + 1
  const isSame = past.lastFailure?.class === failure.class && past.lastFailure.code === failure.code && past.lastFailure.message === failure.message
  const most = Math.min(past.maxAttempts, limit ?? Infinity, isSame ? SAME_FAILURES : Infinity)
  if (isCounted && count >= most) return { isCounted, giveUp: true, retryAt: undefined }
  const steps = Math.min(isCounted ? past.failures : past.attempts - 1, 20)
  const backoffMs = Math.min(maxMs, baseMs * 2 ** Math.max(0, steps)) * (0.5 + random / 2)
  return { isCounted, giveUp: false, retryAt: Math.max(Math.round(now + backoffMs), failure.retryAt ?? 0) }
}
