import type { Clock } from '@talaria/core'

const HOUR_MS = 3_600_000
/** Senders that are remembered; the one longest unheard makes room. */
const SENDERS = 10_000

/** Counts the messages of each sender within the last hour. */
export class SenderLimit {
  readonly #perHour: number
  readonly #clock: Clock
  readonly #times = new Map<string, number[]>()

  constructor({ perHour, clock }: { readonly perHour: number; readonly clock: Clock }) {
    this.#perHour = perHour
    this.#clock = clock
  }

  /** Counts one more of this sender; `false` when that is too many. */
  admits(sender: string): boolean {
    const now = this.#clock.now()
    const recent = (this.#times.get(sender) ?? []).filter((time) => now - time < HOUR_MS)
    if (recent.length < this.#perHour) recent.push(now)
    else return false
    this.#times.delete(sender)
    this.#times.set(sender, recent)
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= SENDERS) break
      this.#times.delete(oldest)
    }
    return true
  }
}
