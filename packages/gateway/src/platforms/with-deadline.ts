import type { Clock } from '@talaria/core'
import { PlatformError } from './platform-error.ts'

export interface DeadlineOptions {
  readonly clock: Clock
  /** What is late, for the error: `Connecting`. */
  readonly what: string
  /** Gives up early, with its reason. */
  readonly signal?: AbortSignal
}

/**
 * What `work` resolves with. Rejects with `timeout` after `ms`, and at once when the signal aborts; `work` then goes on
 * alone, told by its own signal. Nothing is left behind either way: no timer, no listener, no unhandled rejection.
 */
export async function withDeadline<Result>(
  ms: number,
  { clock, what, signal }: DeadlineOptions,
  work: (signal: AbortSignal) => Result | Promise<Result>,
): Promise<Result> {
  const call = new AbortController()
  const forward = () => call.abort(signal?.reason)
  if (signal?.aborted) forward()
  signal?.addEventListener('abort', forward, { once: true })
  const late = clock.delay(ms, call.signal).then(() => {
    throw new PlatformError('timeout', `${what} took longer than ${ms / 1_000} s.`)
  })
  try {
    return await Promise.race([late, (async () => work(call.signal))()])
  } finally {
    signal?.removeEventListener('abort', forward)
    call.abort(new Error(`${what} is over.`))
  }
}
