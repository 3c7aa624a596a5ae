import type { ApiClient } from '../testing/api-client.ts'

/** Looks, at a gateway that was started again, whether what was promised holds; rejects when it does not. */
export type Check = (api: ApiClient) => Promise<void>

/**
 * What clients were told before a gateway died. Each text that is sent holds a marker that no other holds: those that
 * were acknowledged must be there once, those that were not may be there, but not twice.
 */
export class Ledger {
  /** Says in the markers which round they are of. */
  readonly round: string
  readonly #sent = new Set<string>()
  readonly #accepted = new Set<string>()
  readonly #repetitions: Check[] = []
  readonly #promises: Check[] = []

  constructor(round: string) {
    this.round = round
  }

  /** A word that stands in one request only. */
  marker(): string {
    const marker = `${this.round}-${this.#sent.size}-`
    this.#sent.add(marker)
    return marker
  }

  /** What held this marker was acknowledged. */
  accept(marker: string): void {
    this.#accepted.add(marker)
  }

  /** Something that was acknowledged: after the next start, `check` holds. */
  promise(check: Check): void {
    this.#promises.push(check)
  }

  /** What a client does first when the gateway is back: the same request under the same key. */
  repeat(check: Check): void {
    this.#repetitions.push(check)
  }

  get repetitions(): readonly Check[] {
    return this.#repetitions
  }

  get promises(): readonly Check[] {
    return this.#promises
  }

  /** How many requests were sent, and how many of them were acknowledged. */
  get counts(): { readonly sent: number; readonly accepted: number } {
    return { sent: this.#sent.size, accepted: this.#accepted.size }
  }

  /** What is wrong with the texts that the gateway keeps: lost and doubled ones. */
  problemsOf(texts: readonly string[]): readonly string[] {
    const times = new Map<string, number>()
    for (const text of texts) {
      const marker = text.slice(0, text.indexOf('-', this.round.length + 1) + 1)
      times.set(marker, (times.get(marker) ?? 0) + 1)
    }
    return [...this.#sent].flatMap((marker) => {
      const count = times.get(marker) ?? 0
      if (count > 1) return [`${marker} is there ${count} times`]
      return count === 0 && this.#accepted.has(marker) ? [`${marker} was acknowledged and is lost`] : []
    })
  }
}
