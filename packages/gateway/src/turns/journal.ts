import type { Clock } from '@talaria/core'
import type { TurnEvent } from '@talaria/db'

/** Between two flushes at least this long: at 1,000 streams of 20 tokens a second a commit for every token's arrival would fill the loop. */
const FLUSH_INTERVAL_MS = 10

export interface JournalOptions {
  readonly append: (events: readonly TurnEvent[]) => Promise<void>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

interface Entry {
  readonly event: TurnEvent
  readonly settled: (error?: unknown) => void
}

/**
 * Writes the events of all running turns, together: one multi-row write a flush, whatever the number of turns.
 *
 * Holds events only until their flush has ended. A flush that fails is reported for every event in it and not tried
 * again: the turn still has them, and writes them when it settles.
 */
export class Journal {
  readonly #options: JournalOptions
  #pending: Entry[] = []
  #flushing: Promise<void> | undefined
  #writing: Promise<void> | undefined
  #lastFlushMs = 0

  constructor(options: JournalOptions) {
    this.#options = options
  }

  /** Queues an event; `settled` is called once it is on disk, or with the error that kept it from getting there. */
  add(event: TurnEvent, settled: (error?: unknown) => void): void {
    this.#pending.push({ event, settled })
    this.#flushing ??= this.#flush()
  }

  /** Takes back what was not flushed yet of a turn, for the transaction that settles it. */
  take(turnId: string): readonly TurnEvent[] {
    const mine = this.#pending.filter((entry) => entry.event.turnId === turnId)
    if (mine.length > 0) this.#pending = this.#pending.filter((entry) => entry.event.turnId !== turnId)
    return mine.map((entry) => entry.event)
  }

  /** Resolves when the write that is under way has ended, so that a settling turn does not overtake its own events. */
  async writeUnderWay(): Promise<void> {
    await this.#writing
  }

  async #flush(): Promise<void> {
    // The events of one turn of the event loop belong together; a lone one waits for nothing else.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#pending.length > 0) {
      const wait = this.#lastFlushMs + FLUSH_INTERVAL_MS - this.#options.clock.monotonic()
      if (wait > 0) await this.#options.clock.delay(wait)
      const batch = this.#pending
      if (batch.length === 0) break
      this.#pending = []
      this.#lastFlushMs = this.#options.clock.monotonic()
      this.#writing = this.#write(batch)
      await this.#writing
      this.#writing = undefined
    }
    this.#flushing = undefined
  }

  async #write(batch: readonly Entry[]): Promise<void> {
    try {
      await this.#options.append(batch.map((entry) => entry.event))
      for (const entry of batch) entry.settled()
    } catch (error) {
      this.#options.onError(error)
      for (const entry of batch) entry.settled(error)
    }
  }
}
