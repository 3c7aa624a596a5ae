import { startLoop, type Clock, type Log, type Loop } from '@talaria/core'
import type { PlatformLease, PlatformLeaseStore } from '@talaria/db'
import { PlatformError } from './platform-error.ts'

export interface AccountLeaseOptions {
  readonly lease: PlatformLease
  readonly store: PlatformLeaseStore
  readonly ttlMs: number
  /** Before it was asked for, by `clock.monotonic()`: what it lasts is counted from then. */
  readonly askedAt: number
  readonly clock: Clock
  readonly log: Log
}

/** The right to be connected to one account. Disposing gives it back, so that another gateway has it at once. */
export class AccountLease implements AsyncDisposable {
  readonly #options: AccountLeaseOptions
  #heldUntil: number

  constructor(options: AccountLeaseOptions) {
    this.#options = options
    this.#heldUntil = options.askedAt + options.ttlMs
  }

  /**
   * Renews it until the loop is disposed. `onLost` is called when another gateway has it, and when it could not be renewed
   * for so long that another may have it soon: whoever held it disconnects first.
   */
  keep(onLost: (error: PlatformError) => void): Loop {
    const { lease, store, ttlMs, clock, log } = this.#options
    const everyMs = ttlMs / 4
    return startLoop({
      name: 'account lease',
      everyMs,
      firstAfterMs: everyMs,
      clock,
      log,
      step: async () => {
        const askedAt = clock.monotonic()
        try {
          if (await store.renew(lease, ttlMs)) this.#heldUntil = askedAt + ttlMs
          else onLost(new PlatformError('conflict', 'Another gateway of this home has taken the account over.'))
        } catch (error) {
          log.warn({ err: error, platform: lease.platform }, 'The lease on an account of a platform could not be renewed.')
          if (clock.monotonic() + everyMs >= this.#heldUntil)
            onLost(new PlatformError('conflict', 'The lease on the account could not be renewed in time.', { cause: error }))
        }
      },
    })
  }

  /** Never rejects: what cannot be given back runs out. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { lease, store, log } = this.#options
    await store
      .release(lease)
      .catch((error: unknown) => log.warn({ err: error, platform: lease.platform }, 'The lease on an account could not be given back; it runs out.'))
  }
}
