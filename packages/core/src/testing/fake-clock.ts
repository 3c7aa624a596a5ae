import type { Clock } from '../clock.ts'

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** A clock that stands still until it is told to move; delays wake in order of their time. */
export class FakeClock implements Clock {
  #now: number
  readonly #sleepers = new Set<Sleeper>()

  constructor(startMs = 1_750_000_000_000) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  /** How many delays are waiting; 0 once everything under test has been disposed. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const onAbort = () => {
        this.#sleepers.delete(sleeper)
        reject(signal?.reason as Error)
      }
      const sleeper: Sleeper = {
        at: this.#now + ms,
        wake: () => {
          this.#sleepers.delete(sleeper)
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Moves time by `ms`, waking every sleeper on the way and letting its continuation run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    // What is under way lies down before time moves, or it would lie down too late.
    await turnOfTheEventLoop()
    for (let next = this.#nextUntil(end); next; next = this.#nextUntil(end)) {
      this.#now = Math.max(this.#now, next.at)
      next.wake()
      await turnOfTheEventLoop()
    }
    this.#now = end
    await turnOfTheEventLoop()
  }

  /** The sleeper that is due first; of two that are due together, the one that lay down first. */
  #nextUntil(end: number): Sleeper | undefined {
    let next: Sleeper | undefined
    for (const sleeper of this.#sleepers) if (sleeper.at <= end && (!next || sleeper.at < next.at)) next = sleeper
    return next
  }
}

const turnOfTheEventLoop = () => new Promise((resolve) => setImmediate(resolve))
