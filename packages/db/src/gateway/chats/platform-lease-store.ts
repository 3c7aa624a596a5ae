import type { Clock } from '@talaria/core'
import type { Database } from '../../database.ts'
import type { Snapshot } from '../../scope.ts'
import type { GatewayTables } from '../tables.ts'
import type { PlatformLease, WantedLease } from './chat-records.ts'

/**
 * Who may be connected to which account of a platform: one process of a home at a time, until its time is up by the
 * clock, or it is known to be no more. A fence that grows with each holder keeps one that was late from changing anything.
 */
export class PlatformLeaseStore {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Takes the lease if it is free, or the holder's own of earlier; resolves with the one that counts now, whoever has it. */
  async acquire(wanted: WantedLease): Promise<PlatformLease> {
    const { platform, account, holder, ttlMs } = wanted
    // Read first: whoever waits asks every few seconds, and a write wakes all who follow the changes.
    const current = await this.#database.read((db) => leaseOn(db, wanted))
    if (current && !this.#isFree(current, wanted)) return current
    return this.#database.write(async (tx) => {
      const before = await leaseOn(tx, wanted)
      if (before && !this.#isFree(before, wanted)) return before
      const taken = { holder, fence: (before?.fence ?? 0) + 1, expires_at: this.#clock.now() + ttlMs }
      await tx
        .insertInto('platform_lease')
        .values({ platform, account, ...taken })
        .onConflict((conflict) => conflict.columns(['platform', 'account']).doUpdateSet(taken))
        .execute()
      return (await leaseOn(tx, wanted))!
    })
  }

  /** Holds it for another while; `false` when somebody else has it by now. */
  renew({ platform, account, holder, fence }: PlatformLease, ttlMs: number): Promise<boolean> {
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('platform_lease')
        .set({ expires_at: this.#clock.now() + ttlMs })
        .where('platform', '=', platform)
        .where('account', '=', account)
        .where('holder', '=', holder)
        .where('fence', '=', fence)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  /** Gives it back, for whoever asks next. The row stays, because its fence goes on growing. */
  async release({ platform, account, holder, fence }: PlatformLease): Promise<void> {
    await this.#database.write((tx) =>
      tx
        .updateTable('platform_lease')
        .set({ holder: null, expires_at: 0 })
        .where('platform', '=', platform)
        .where('account', '=', account)
        .where('holder', '=', holder)
        .where('fence', '=', fence)
        .execute(),
    )
  }

  #isFree({ holder, expiresAt }: PlatformLease, wanted: WantedLease): boolean {
    return holder === wanted.holder || holder === wanted.gone || expiresAt <= this.#clock.now()
  }
}

/** The lease on an account while anybody has it or had it, with the number of the holder's process. */
async function leaseOn(db: Snapshot<GatewayTables>, { platform, account }: Pick<PlatformLease, 'platform' | 'account'>): Promise<PlatformLease | undefined> {
  const row = await db
    .selectFrom('platform_lease')
    .leftJoin('runner', 'runner.id', 'platform_lease.holder')
    .select(['holder', 'fence', 'expires_at', 'pid'])
    .where('platform', '=', platform)
    .where('account', '=', account)
    .executeTakeFirst()
  return row && { platform, account, holder: row.holder, fence: row.fence, expiresAt: row.expires_at, pid: row.pid }
}
