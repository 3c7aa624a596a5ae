/**
 * Lets any number wait for the next time something happens, and wakes them together.
 *
 * They wake after this turn of the event loop, so that everything that happens in it is found at once.
 */
export class Bell {
  #waiting: (() => void)[] = []
  #isRinging = false

  /** Resolves after the next {@link ring}. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  ring(): void {
    if (this.#isRinging || this.#waiting.length === 0) return
    this.#isRinging = true
    setImmediate(() => {
      this.#isRinging = false
      const waiting = this.#waiting
      this.#waiting = []
      for (const wake of waiting) wake()
    })
  }
}
