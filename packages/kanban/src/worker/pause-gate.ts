/** Where work waits while it is paused: it passes between two steps of its own. */
export class PauseGate {
  #pause: PromiseWithResolvers<void> | undefined
  readonly #listeners = new Set<(isPaused: boolean) => void>()

  get isPaused(): boolean {
    return this.#pause !== undefined
  }

  pause(): void {
    if (this.#pause) return
    this.#pause = Promise.withResolvers()
    for (const listener of this.#listeners) listener(true)
  }

  resume(): void {
    if (!this.#pause) return
    this.#pause.resolve()
    this.#pause = undefined
    for (const listener of this.#listeners) listener(false)
  }

  /** Resolves at once, or when work may go on; throws the reason of the signal. */
  async pass(signal: AbortSignal): Promise<void> {
    while (this.#pause && !signal.aborted) {
      const aborted = Promise.withResolvers<void>()
      const onAbort = () => aborted.resolve()
      signal.addEventListener('abort', onAbort, { once: true })
      await Promise.race([this.#pause.promise, aborted.promise])
      signal.removeEventListener('abort', onAbort)
    }
    signal.throwIfAborted()
  }

  /** Tells of every change until it is disposed, for work that can be stopped where it stands. */
  listen(listener: (isPaused: boolean) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }
}
