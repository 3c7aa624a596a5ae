import type { Clock, Log } from '@talaria/core'
import { withDeadline } from './with-deadline.ts'

/** For all of them together. */
const DISPOSE_MS = 5_000

export interface AttemptResourcesOptions {
  /** Why nothing more may be opened, once they are disposed. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
}

/**
 * What an attempt has opened. Unlike the stack of the language, one that throws or hangs keeps no other from being
 * disposed, disposing never rejects and takes five seconds at most, and what is added late, because `connect` did not
 * hear that it was given up, is disposed on the spot.
 */
export class AttemptResources extends AsyncDisposableStack {
  readonly #options: AttemptResourcesOptions
  #deadline = Infinity

  constructor(options: AttemptResourcesOptions) {
    super()
    this.#options = options
  }

  override use<Value extends AsyncDisposable | Disposable | null | undefined>(value: Value): Value {
    if (value) this.defer(() => (Symbol.asyncDispose in value ? value[Symbol.asyncDispose]() : value[Symbol.dispose]()))
    return value
  }

  override adopt<Value>(value: Value, onDispose: (value: Value) => PromiseLike<void> | void): Value {
    this.defer(() => onDispose(value))
    return value
  }

  override defer(onDispose: () => PromiseLike<void> | void): void {
    const { signal, clock } = this.#options
    if (this.disposed) {
      void this.#release(onDispose, clock.monotonic() + DISPOSE_MS)
      throw signal.reason as Error
    }
    super.defer(() => this.#release(onDispose, this.#deadline))
  }

  override disposeAsync(): Promise<void> {
    if (!this.disposed) this.#deadline = this.#options.clock.monotonic() + DISPOSE_MS
    return super.disposeAsync()
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync()
  }

  async #release(onDispose: () => PromiseLike<void> | void, deadline: number): Promise<void> {
    const { clock, log } = this.#options
    const leftMs = deadline - clock.monotonic()
    const work = async () => onDispose()
    try {
      // When one has used up the time, the others are still told to go, though nobody waits for them.
      if (leftMs > 0) await withDeadline(leftMs, { clock, what: 'Disposing' }, work)
      else void work().catch((error: unknown) => log.warn({ err: error }, 'Something that a platform opened could not be closed.'))
    } catch (error) {
      log.warn({ err: error }, 'Something that a platform opened could not be closed and is left behind.')
    }
  }
}
