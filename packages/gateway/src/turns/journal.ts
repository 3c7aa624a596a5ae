import type { Clock } from '@talaria/core'
import type { TurnEvent } from '@talaria/db'

/** Between two flushes at least this long: at 1,000 streams of 20 tokens a second a commit for every token's arrival would fill the loop. */
const FLUSH_INTERVAL_MS = 10

/**
 * How many times as long as a flush took it waits for the next: a loop or a disk that has enough to do is not kept busy
 * by many small commits, each of which costs the same sync.
 */
const RELIEF = 4

/** What is streamed from disk comes in steps of this at most, and not more seldom than tokens do at 20 a second. */
const LONGEST_INTERVAL_MS = 50

/** After a flush that the database refused (a full disk, a lock held too long). */
const RETRY_MS = 1_000

export interface JournalOptions {
  readonly append: (events: readonly TurnEvent[]) => Promise<void>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

interface Entry {
  readonly event: TurnEvent
  readonly written: () => void
}

/**
 * Writes the events of all running turns, together: one multi-row write a flush, whatever the number of turns.
 *
 * Events reach the disk in their order and without gaps: a flush that fails is tried again before anything after it,
 * until it succeeds or its turn {@link release}s what is left of it to write it when it settles.
 */
export class Journal {
  readonly #options: JournalOptions
  #pending: Entry[] = []
  #flushing: Promise<void> | undefined
  #writing: Promise<void> | undefined
  #nextFlushMs = 0

  constructor(options: JournalOptions) {
    this.#options = options
  }

  /** Queues an event; `written` is called once it is on disk. */
  add(event: TurnEvent, written: () => void): void {
    this.#pending.push({ event, written })
    this.#flushing ??= this.#flush()
  }

  /**
   * Lets go of what is not on disk yet of a turn, for the transaction that settles it. Resolves when no write of it is
   * under way, so that a settling turn does not overtake its own events.
   */
  async release(turnId: string): Promise<void> {
    this.#drop(turnId)
    if (!this.#writing) return
    await this.#writing
    // What failed meanwhile is queued again.
    this.#drop(turnId)
  }

  #drop(turnId: string): void {
    if (this.#pending.some((entry) => entry.event.turnId === turnId)) this.#pending = this.#pending.filter((entry) => entry.event.turnId !== turnId)
  }

  async #flush(): Promise<void> {
    // The events of one turn of the event loop belong together; a lone one waits for nothing else.
    await new Promise((resolve) => setImmediate(resolve))
    const { clock } = this.#options
    while (this.#pending.length > 0) {
      const waitMs = this.#nextFlushMs - clock.monotonic()
      if (waitMs > 0) await clock.delay(waitMs)
      const batch = this.#pending
      if (batch.length === 0) break
      this.#pending = []
      this.#writing = this.#write(batch)
      await this.#writing
      this.#writing = undefined
    }
    this.#flushing = undefined
  }

  async #write(batch: Entry[]): Promise<void> {
    const { append, clock, onError } = this.#options
    const begun = clock.monotonic()
    try {
      await append(batch.map((entry) => entry.event))
    } catch (error) {
      onError(error)
      this.#pending = [...batch, ...this.#pending]
      this.#nextFlushMs = clock.monotonic() + RETRY_MS
      return
    }
    const tookMs = clock.monotonic() - begun
    this.#nextFlushMs = begun + Math.min(Math.max(FLUSH_INTERVAL_MS, tookMs * RELIEF), LONGEST_INTERVAL_MS)
    for (const entry of batch) entry.written()
  }
}
