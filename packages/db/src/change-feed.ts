import type { Clock } from '@talaria/core'
import type { ReadQueue } from './read-queue.ts'

/** Commits of other processes are seen this late at most; one look costs 5 µs (a cached `pragma data_version`). */
const POLL_MS = 20

/** Between tries to open a database that is not there yet, or not migrated yet. */
const ABSENT_POLL_MS = 250

/**
 * Tells followers of one database that something was committed. A commit of this process is told at once; those of
 * others are seen by polling, which goes on only while somebody follows.
 */
export class ChangeFeed {
  readonly #clock: Clock
  readonly #reader: () => Promise<ReadQueue>
  #version = 0
  #isClosed = false
  readonly #waiting = new Set<() => void>()
  #followers = 0
  #polling: { readonly stop: AbortController; readonly begun: Promise<void>; readonly ended: Promise<void> } | undefined

  constructor(clock: Clock, reader: () => Promise<ReadQueue>) {
    this.#clock = clock
    this.#reader = reader
  }

  get followers(): number {
    return this.#followers
  }

  /** Something was committed. */
  notify(): void {
    this.#version += 1
    for (const wake of [...this.#waiting]) wake()
  }

  /** Yields at once, and again after commits that came since, many of them as one, until `signal` aborts. */
  async *follow(signal: AbortSignal): AsyncGenerator<void> {
    this.#followers += 1
    try {
      // What is committed after the first look is seen by a later one; what came before is there when the caller reads.
      await this.#startPolling()
      for (;;) {
        const seen = this.#version
        yield
        while (this.#version === seen && !signal.aborted && !this.#isClosed) await this.#next(signal)
        if (signal.aborted || this.#isClosed) return
      }
    } finally {
      this.#followers -= 1
      if (this.#followers === 0) await this.#stopPolling()
    }
  }

  /** Ends every follower, and waits for the look that is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const wake of [...this.#waiting]) wake()
    await this.#stopPolling()
  }

  async #stopPolling(): Promise<void> {
    const polling = this.#polling
    this.#polling = undefined
    polling?.stop.abort(new Error('nobody follows any more'))
    await polling?.ended
  }

  #startPolling(): Promise<void> {
    if (!this.#polling) {
      const stop = new AbortController()
      const { promise: begun, resolve: onFirstLook } = Promise.withResolvers<void>()
      this.#polling = { stop, begun, ended: this.#poll(stop.signal, onFirstLook) }
    }
    return this.#polling.begun
  }

  async #poll(signal: AbortSignal, onFirstLook: () => void): Promise<void> {
    let last = await this.#look()
    onFirstLook()
    while (!signal.aborted) {
      await this.#clock.delay(last === undefined ? ABSENT_POLL_MS : POLL_MS, signal).catch(() => {})
      if (signal.aborted) return
      const version = await this.#look()
      // Appearing is news as well.
      if (version !== undefined && version !== last) this.notify()
      last = version ?? last
    }
  }

  async #look(): Promise<number | undefined> {
    try {
      return await (await this.#reader()).dataVersion()
    } catch {
      return undefined
    }
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}
