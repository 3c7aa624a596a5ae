import type { AgentEvent } from '../agent.ts'

/** Events of several things that happen at once, read in the order they happened. */
export class EventQueue {
  readonly #events: AgentEvent[] = []
  #wake: (() => void) | undefined

  push(event: AgentEvent): void {
    this.#events.push(event)
    this.#wake?.()
  }

  /** Yields events until `work` has settled and none is left. Rejects as `work` does. */
  async *until(work: Promise<unknown>): AsyncGenerator<AgentEvent> {
    let settled = false
    const onSettled = () => {
      settled = true
      this.#wake?.()
    }
    work.then(onSettled, onSettled)
    while (!settled) {
      yield* this.#events.splice(0)
      if (!settled && this.#events.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    yield* this.#events.splice(0)
    await work
  }
}
