import type { Clock } from '@talaria/core'
import { sqliteCodeOf } from './errors.ts'

/** Longer than a checkpoint or `VACUUM` of a few gigabytes by another process; shorter than a client's patience. */
const LOCK_BUDGET_MS = 20_000

/** Often enough that a lock which is free for a moment is caught, seldom enough to cost nothing. */
const LONGEST_WAIT_MS = 50

export interface LockWait {
  readonly clock: Clock
  readonly budgetMs?: number
  readonly signal?: AbortSignal
}

/**
 * Tries until no other process is in the way, waiting between tries on the event loop: a connection's `busy_timeout`
 * would stop the whole process instead. Gives up by time, not by number of tries, and then raises SQLite's own error.
 */
export async function untilUnlocked<Result>(attempt: () => Result, { clock, budgetMs = LOCK_BUDGET_MS, signal }: LockWait): Promise<Result> {
  const deadline = clock.monotonic() + budgetMs
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return attempt()
    } catch (error) {
      if (!isLocked(error) || clock.monotonic() >= deadline) throw error
    }
    await clock.delay(waitMs * (0.5 + Math.random()), signal)
  }
}

function isLocked(error: unknown): boolean {
  const code = sqliteCodeOf(error)
  return code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED' || code === 'SQLITE_PROTOCOL'
}
