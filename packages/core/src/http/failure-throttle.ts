import type { Clock } from '../clock.ts'

const WINDOW_MS = 60_000

/** Typing errors of a person stay below it. */
const FAILURES_PER_WINDOW = 20

/** More addresses than fail at once; beyond it the oldest is forgotten, so that memory stays bounded. */
const MAX_ADDRESSES = 10_000

/** Counts failed log-ins by address. A right key is never refused: behind one address there may be a whole household. */
export class FailureThrottle {
  readonly #clock: Clock
  readonly #failures = new Map<string, { count: number; readonly until: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes a failure. Returns for how many seconds further ones of this address are refused, 0 while they are not. */
  fail(address: string): number {
    const now = this.#clock.monotonic()
    const known = this.#failures.get(address)
    const entry = known && known.until > now ? known : { count: 0, until: now + WINDOW_MS }
    entry.count += 1
    this.#failures.delete(address)
    if (this.#failures.size >= MAX_ADDRESSES) this.#failures.delete(this.#failures.keys().next().value!)
    this.#failures.set(address, entry)
    return entry.count > FAILURES_PER_WINDOW ? Math.ceil((entry.until - now) / 1000) : 0
  }
}
