import { systemClock, type Clock } from '@talaria/core'

const SHORT_MS = 1_000

/**
 * A clock whose time moves by leaps, for what takes hours: `FakeClock` would wake whoever polls a database every 20 ms
 * on the way. Delays below a second, such as those, are real.
 */
export class LeapingClock implements Clock {
  #now: number
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()

  constructor(startMs = 1_750_000_000_000) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  async delay(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms < SHORT_MS) return systemClock.delay(ms, signal)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sleeper = { at: this.#now + ms, wake: resolve }
    const onAbort = () => reject(signal!.reason as Error)
    this.#sleepers.add(sleeper)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    return promise.finally(() => {
      this.#sleepers.delete(sleeper)
      signal?.removeEventListener('abort', onAbort)
    })
  }

  /** It is so much later, at once, and whoever slept until then or before is awake. */
  leap(ms: number): void {
    this.#now += ms
    for (const sleeper of this.#sleepers) if (sleeper.at <= this.#now) sleeper.wake()
  }
}
