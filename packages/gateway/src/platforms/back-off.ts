const FIRST_MS = 1_000
const LONGEST_MS = 300_000

/** Longer than any flood control we know of; a service that asks for more must not strand a platform for good. */
const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000

/**
 * How long to wait after each failure in a row: between one second and a ceiling that doubles up to five minutes. Full
 * jitter, so that what failed together does not come back together. @see aws.amazon.com/builders-library, "Timeouts, retries and backoff with jitter"
 */
export class BackOff {
  readonly #random: () => number
  #failures = 0

  /** `random` gives numbers from 0 to below 1. */
  constructor(random: () => number) {
    this.#random = random
  }

  /** The wait after one more failure; never less than the service itself asked for. */
  next(retryAfterMs = 0): number {
    this.#failures += 1
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures)
    const wait = FIRST_MS + this.#random() * (ceiling - FIRST_MS)
    return Math.round(Math.max(wait, Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS)))
  }

  /** Forgets the failures so far. */
  reset(): void {
    this.#failures = 0
  }
}
