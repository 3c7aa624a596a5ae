import type { Clock } from '@talaria/core'

/** Commits of other processes are seen this late at most; one look costs 5 µs (a cached `pragma data_version`). */
const POLL_MS = 20

/** Between tries to open a database that is not there yet, or not migrated yet. */
const ABSENT_POLL_MS = 250

/** Tells what one handle has counted from what a later one of the same file counts. */
let feeds = 0

export interface ChangeFeedOptions {
  readonly clock: Clock
  /** A value that is another one after a commit of another process; rejects where there is no database. */
  readonly version: () => Promise<string>
  /** Called when nobody follows any more. */
  readonly onUnfollowed: () => void
}

/**
 * Tells followers of one database that something was committed. A commit of this process is told at once; those of
 * others are seen by polling, which goes on only while somebody follows.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions
  readonly #id = (feeds += 1)
  #commits = 0
  #isClosed = false
  readonly #waiting = new Set<() => void>()
  #followers = 0
  #polling: { readonly stop: AbortController; readonly begun: Promise<void> } | undefined
  #looking: Promise<unknown> | undefined

  constructor(options: ChangeFeedOptions) {
    this.#options = options
  }

  get followers(): number {
    return this.#followers
  }

  /** Another text after every commit, and after every handle. */
  async version(): Promise<string> {
    return `${this.#id} ${this.#commits} ${await this.#options.version()}`
  }

  /** Something was committed. */
  notify(): void {
    this.#commits += 1
    this.#wakeAll()
  }

  /** Yields at once, and again after commits that came since, many of them as one, until `signal` aborts. */
  async *follow(signal: AbortSignal): AsyncGenerator<void> {
    if (signal.aborted) return
    this.#followers += 1
    try {
      // What is committed after the first look is seen by a later one; what came before is there when the caller reads.
      await this.#untilWoken(signal, this.#startPolling())
      while (!signal.aborted && !this.#isClosed) {
        const seen = this.#commits
        yield
        while (this.#commits === seen && !signal.aborted && !this.#isClosed) await this.#untilWoken(signal)
      }
    } finally {
      this.#followers -= 1
      if (this.#followers === 0) this.#stopPolling()
    }
  }

  /** Ends every follower, and waits for the look that is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#wakeAll()
    this.#stopPolling()
    await this.#looking
  }

  /** Resolves after the first look. */
  #startPolling(): Promise<void> {
    if (!this.#polling) {
      const stop = new AbortController()
      const { promise: begun, resolve: onFirstLook } = Promise.withResolvers<void>()
      this.#polling = { stop, begun }
      void this.#poll(stop.signal, onFirstLook)
    }
    return this.#polling.begun
  }

  #stopPolling(): void {
    this.#polling?.stop.abort(new Error('nobody follows any more'))
    this.#polling = undefined
    this.#options.onUnfollowed()
  }

  /** Never rejects. */
  async #poll(signal: AbortSignal, onFirstLook: () => void): Promise<void> {
    let last = await this.#look()
    onFirstLook()
    while (!signal.aborted) {
      await this.#options.clock.delay(last === undefined ? ABSENT_POLL_MS : POLL_MS, signal).catch(() => {})
      if (signal.aborted) return
      const version = await this.#look()
      // That it appeared is news as well, and that it cannot be read any more.
      if (version !== last) this.notify()
      last = version
    }
  }

  #look(): Promise<string | undefined> {
    return (this.#looking = this.#options.version().catch(() => undefined))
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Until something was committed, `signal` aborts, the feed closes, or `event` has happened. */
  async #untilWoken(signal: AbortSignal, event?: Promise<void>): Promise<void> {
    const { promise: woken, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    this.#waiting.add(wake)
    signal.addEventListener('abort', wake, { once: true })
    try {
      await (event ? Promise.race([woken, event]) : woken)
    } finally {
      this.#waiting.delete(wake)
      signal.removeEventListener('abort', wake)
    }
  }
}
