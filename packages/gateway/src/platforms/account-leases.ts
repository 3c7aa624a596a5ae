import { type Clock, type Log } from '@talaria/core'
import type { PlatformLease, PlatformLeaseStore } from '@talaria/db'
import type { Runner } from '../turns/runner.ts'
import { AccountLease } from './account-lease.ts'

/** Longer than a few renewals that a busy disk delays. */
const TTL_MS = 20_000

export interface AccountLeasesOptions {
  readonly store: PlatformLeaseStore
  readonly runner: Pick<Runner, 'id' | 'isRegistered' | 'register' | 'lives'>
  readonly clock: Clock
  readonly log: Log
}

/** Whether this gateway may be connected to an account; if not, whose it is, for people. */
export type AccountClaim = { readonly lease: AccountLease } | { readonly heldBy: string }

/** The accounts of platforms that this gateway may be connected to: of the gateways of one home one has each. */
export class AccountLeases {
  readonly #options: AccountLeasesOptions

  constructor(options: AccountLeasesOptions) {
    this.#options = options
  }

  /** Takes an account, at once also when whoever has it is a process that is no more. The caller disposes the lease. */
  async claim(platform: string, account: string): Promise<AccountClaim> {
    const { store, runner, clock, log } = this.#options
    // A holder whom nobody knows would be taken for one that is no more.
    if (!runner.isRegistered) await runner.register()
    const wanted = { platform, account, holder: runner.id, ttlMs: TTL_MS }
    const askedAt = clock.monotonic()
    let lease = await store.acquire(wanted)
    if (lease.holder !== runner.id && !(await runner.lives(lease.holder!))) lease = await store.acquire({ ...wanted, gone: lease.holder! })
    if (lease.holder !== runner.id) return { heldBy: describe(lease) }
    return { lease: new AccountLease({ lease, store, ttlMs: TTL_MS, askedAt, clock, log }) }
  }
}

function describe({ holder, pid, expiresAt }: PlatformLease): string {
  return `held by gateway ${holder}${pid === null ? '' : ` (pid ${pid})`} until ${new Date(expiresAt).toISOString()}`
}
