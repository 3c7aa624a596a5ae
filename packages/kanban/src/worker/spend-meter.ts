import type { Usage } from '@talaria/agent'
import type { Spend } from '@talaria/db'

/** Counts what an attempt costs over several turns; the agent counts one turn from its beginning. */
export class SpendMeter {
  readonly #spent: (total: Spend) => void
  #before = { inputTokens: 0, outputTokens: 0 }
  #now = { inputTokens: 0, outputTokens: 0 }

  constructor(spent: (total: Spend) => void) {
    this.#spent = spent
  }

  /** A turn begins. */
  begin(): void {
    this.#before = this.#now
  }

  /** The turn has used so much so far. */
  count({ inputTokens, outputTokens }: Usage): void {
    this.#now = { inputTokens: this.#before.inputTokens + inputTokens, outputTokens: this.#before.outputTokens + outputTokens }
    // Providers do not tell prices.
    this.#spent({ ...this.#now, costMicros: 0 })
  }

  /** Something beside the turn has used so much. */
  add({ inputTokens, outputTokens }: Usage): void {
    this.#before = { inputTokens: this.#before.inputTokens + inputTokens, outputTokens: this.#before.outputTokens + outputTokens }
    this.#now = { inputTokens: this.#now.inputTokens + inputTokens, outputTokens: this.#now.outputTokens + outputTokens }
    this.#spent({ ...this.#now, costMicros: 0 })
  }
}
