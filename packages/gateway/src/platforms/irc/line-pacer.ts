import type { Clock } from '@talaria/core'

/** What a line costs, and how far ahead of the clock a client may be, by the rule of RFC 1459, 8.10. Servers disconnect whoever is faster. */
const LINE_MS = 2_000
const AHEAD_MS = 10_000

/** Lets lines pass as fast as servers bear: five at once, then one every two seconds. */
export class LinePacer {
  readonly #clock: Clock
  #paidUntil = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when the next line may be sent. */
  async next(signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic()
    this.#paidUntil = Math.max(this.#paidUntil, now) + LINE_MS
    const waitMs = this.#paidUntil - now - AHEAD_MS
    if (waitMs > 0) await this.#clock.delay(waitMs, signal)
  }
}
