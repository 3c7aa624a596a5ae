import type { Clock } from '@talaria/core'

const WINDOW_MS = 60_000

/** Counts what came in within the last minute, by name; the names are those of the configuration, so that it does not grow. */
export class RateLimit {
  readonly #perMinute: number
  readonly #clock: Clock
  readonly #times = new Map<string, number[]>()

  constructor({ perMinute, clock }: { readonly perMinute: number; readonly clock: Clock }) {
    this.#perMinute = perMinute
    this.#clock = clock
  }

  /** Takes one in and returns 0; or returns after how many milliseconds there is room again. */
  take(name: string): number {
    const now = this.#clock.monotonic()
    const recent = (this.#times.get(name) ?? []).filter((time) => now - time < WINDOW_MS)
    this.#times.set(name, recent)
    if (recent.length >= this.#perMinute) return WINDOW_MS - (now - (recent[0] ?? now))
    recent.push(now)
    return 0
  }
}
