/** One turn at a time per session: each waits for the one before it. Holds a session only while it has turns. */
export class SessionQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Whether something of this session runs or waits. */
  isBusy(sessionId: string): boolean {
    return this.#tails.has(sessionId)
  }

  /** Runs `work` when everything that was added before for this session has ended, however it ended. */
  async run<Result>(sessionId: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(sessionId)
    const mine = before ? before.then(work, work) : work()
    this.#tails.set(sessionId, mine)
    try {
      return await mine
    } finally {
      if (this.#tails.get(sessionId) === mine) this.#tails.delete(sessionId)
    }
  }
}
