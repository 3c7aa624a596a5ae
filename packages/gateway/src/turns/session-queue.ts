/** One turn at a time per session: each waits for those before it. Holds a session only while it has turns. */
export class SessionQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Whether something of this session runs or waits. */
  isBusy(sessionId: string): boolean {
    return this.#tails.has(sessionId)
  }

  /**
   * Runs `work` when everything that was added before for this session has ended, however it ended; at once when
   * `signal` aborts, because what is told to end need not wait to hear it. What comes after waits for both.
   */
  async run<Result>(sessionId: string, work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const before = this.#tails.get(sessionId)
    const mine = before ? endOf(before, signal).then(work) : work()
    const tail = before ? Promise.allSettled([before, mine]) : mine
    this.#tails.set(sessionId, tail)
    try {
      return await mine
    } finally {
      const leave = () => this.#tails.get(sessionId) === tail && this.#tails.delete(sessionId)
      if (before) void tail.then(leave)
      else leave()
    }
  }
}

/** Resolves when `work` has ended, however it ended, or `signal` aborts. */
function endOf(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    work.then(done, done)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}
