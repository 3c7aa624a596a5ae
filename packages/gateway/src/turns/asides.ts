/** Work beside the turns: told to end with who asked for it, or all at once. Holds it only while it goes on. */
export class Asides {
  readonly #underWay = new Map<AbortController, Promise<void>>()

  get size(): number {
    return this.#underWay.size
  }

  /** Does the work; its signal aborts with the reason of `gone`, or with that of {@link end}. */
  async run<Result>(work: (signal: AbortSignal) => Promise<Result>, gone: AbortSignal): Promise<Result> {
    const controller = new AbortController()
    const leave = () => controller.abort(gone.reason)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#underWay.set(controller, promise)
    gone.addEventListener('abort', leave, { once: true })
    try {
      return await work(controller.signal)
    } finally {
      gone.removeEventListener('abort', leave)
      this.#underWay.delete(controller)
      resolve()
    }
  }

  /** Tells all of it to end. */
  end(reason: Error): void {
    for (const controller of this.#underWay.keys()) controller.abort(reason)
  }

  /** Resolves when none is under way. */
  async ended(): Promise<void> {
    await Promise.all(this.#underWay.values())
  }
}
