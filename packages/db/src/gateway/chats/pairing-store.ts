import type { Clock } from '@talaria/core'
import type { Selectable } from 'kysely'
import type { Database } from '../../database.ts'
import { PreparedQuery } from '../../prepared-query.ts'
import type { Transaction } from '../../scope.ts'
import type { GatewayTables } from '../tables.ts'
import type { PairedUser, PairingRequest } from './chat-records.ts'
import type { PairedUserTable, PairingRequestTable } from './chat-tables.ts'

/** Between two codes for one user: somebody who asks over and over gets no more chances. */
const REQUEST_EVERY_MS = 600_000

/** Codes that are open on one platform at once: with more of them a guess would hit one sooner. */
const MOST_PENDING = 3

/** Wrong codes in a row after which a platform takes none for a while. */
const MOST_FAILURES = 5
const LOCK_MS = 3_600_000

/** Who may talk to the agent because an operator approved the code that they were shown, and who asks for that. */
export class PairingStore {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Opens a request, which replaces an earlier one of the user. */
  request(request: Omit<PairingRequest, 'requestedAt'>): Promise<'made' | 'too_soon' | 'too_many'> {
    const now = this.#clock.now()
    const { platform, userId } = request
    return this.#database.write(async (tx) => {
      const before = await tx
        .selectFrom('pairing_request')
        .select('requested_at')
        .where('platform', '=', platform)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      if (before && now - before.requested_at < REQUEST_EVERY_MS) return 'too_soon'
      const others = (await openRequests(tx, now, platform)).filter((other) => other.user_id !== userId)
      if (others.length >= MOST_PENDING) return 'too_many'
      const columns = {
        user_name: request.userName,
        code_hash: request.codeHash,
        salt: request.salt,
        requested_at: now,
        expires_at: request.expiresAt,
      }
      await tx
        .insertInto('pairing_request')
        .values({ platform, user_id: userId, ...columns })
        .onConflict((conflict) => conflict.columns(['platform', 'user_id']).doUpdateSet(columns))
        .execute()
      return 'made'
    })
  }

  /** Requests whose time is not over, oldest first. */
  pending(platform?: string): Promise<readonly PairingRequest[]> {
    const now = this.#clock.now()
    return this.#database.read(async (db) => (await openRequests(db, now, platform)).map(requestOf))
  }

  /**
   * Pairs whoever's request matches; `undefined` when none does, or the platform is locked. `matches` may take its time:
   * it runs outside any transaction.
   */
  async approve(platform: string, matches: (request: PairingRequest) => boolean | Promise<boolean>): Promise<PairedUser | undefined> {
    const now = this.#clock.now()
    if ((await this.lockedUntil(platform)) > now) return undefined
    for (const request of await this.pending(platform)) {
      if (await matches(request)) return this.#pair(request)
    }
    return undefined
  }

  /** Users who are paired, by platform and id. */
  users(platform?: string): Promise<readonly PairedUser[]> {
    return this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('paired_user')
        .selectAll()
        .$if(platform !== undefined, (select) => select.where('platform', '=', platform!))
        .orderBy('platform')
        .orderBy('user_id')
        .execute()
      return rows.map(userOf)
    })
  }

  /** False when the user was not paired. */
  revoke(platform: string, userId: string): Promise<boolean> {
    return this.#database.write(async (tx) => {
      const { numDeletedRows } = await tx.deleteFrom('paired_user').where('platform', '=', platform).where('user_id', '=', userId).executeTakeFirstOrThrow()
      return numDeletedRows === 1n
    })
  }

  isPaired(platform: string, userId: string): Promise<boolean> {
    return this.#database.read(async (db) => (await pairedQuery.first(db, { platform, user_id: userId })) !== undefined)
  }

  /** Counts a wrong code. Returns until when the platform is locked, 0 when it is not. */
  fail(platform: string): Promise<number> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const before = await tx.selectFrom('pairing_lock').selectAll().where('platform', '=', platform).executeTakeFirst()
      if (before && before.locked_until > now) return before.locked_until
      // What was long ago counts no more, and neither does what led to a lock that is over.
      const failures = (before && now - before.failed_at < LOCK_MS ? before.failures : 0) + 1
      const columns = { failures, failed_at: now, locked_until: failures >= MOST_FAILURES ? now + LOCK_MS : 0 }
      await tx
        .insertInto('pairing_lock')
        .values({ platform, ...columns })
        .onConflict((conflict) => conflict.column('platform').doUpdateSet(columns))
        .execute()
      return columns.locked_until
    })
  }

  /** Until when a platform takes no codes because there were too many wrong ones; in the past or 0 when it does. */
  lockedUntil(platform: string): Promise<number> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('pairing_lock').select('locked_until').where('platform', '=', platform).executeTakeFirst()
      return row?.locked_until ?? 0
    })
  }

  /** Asks again whether it may: since the code was checked the platform may have been locked, or somebody else was faster. */
  #pair({ platform, userId, userName, codeHash }: PairingRequest): Promise<PairedUser | undefined> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const lock = await tx.selectFrom('pairing_lock').select('locked_until').where('platform', '=', platform).executeTakeFirst()
      if (lock && lock.locked_until > now) return undefined
      const { numDeletedRows } = await tx
        .deleteFrom('pairing_request')
        .where('platform', '=', platform)
        .where('user_id', '=', userId)
        .where('code_hash', '=', codeHash)
        .where('expires_at', '>', now)
        .executeTakeFirstOrThrow()
      if (numDeletedRows === 0n) return undefined
      await tx.deleteFrom('pairing_lock').where('platform', '=', platform).execute()
      const row = { platform, user_id: userId, user_name: userName, paired_at: now }
      await tx
        .insertInto('paired_user')
        .values(row)
        .onConflict((conflict) => conflict.columns(['platform', 'user_id']).doUpdateSet({ user_name: userName, paired_at: now }))
        .execute()
      return userOf(row)
    })
  }
}

function openRequests(db: Pick<Transaction<GatewayTables>, 'selectFrom'>, now: number, platform?: string): Promise<Selectable<PairingRequestTable>[]> {
  return db
    .selectFrom('pairing_request')
    .selectAll()
    .$if(platform !== undefined, (select) => select.where('platform', '=', platform!))
    .where('expires_at', '>', now)
    .orderBy('requested_at')
    .execute()
}

function requestOf(row: Selectable<PairingRequestTable>): PairingRequest {
  return {
    platform: row.platform,
    userId: row.user_id,
    userName: row.user_name,
    codeHash: row.code_hash,
    salt: row.salt,
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
  }
}

function userOf(row: Selectable<PairedUserTable>): PairedUser {
  return { platform: row.platform, userId: row.user_id, userName: row.user_name, pairedAt: row.paired_at }
}

const pairedQuery = new PreparedQuery<GatewayTables, { platform: string; user_id: string }, { platform: string }>((db, { platform, user_id }) =>
  db.selectFrom('paired_user').select('platform').where('platform', '=', platform).where('user_id', '=', user_id),
)
