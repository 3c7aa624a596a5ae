import type { Clock } from '@talaria/core'
import type { PlatformState } from '@talaria/core/contracts'
import type { Database, Source } from '../../database.ts'
import type { GatewayTables } from '../tables.ts'
import type { PlatformRecord, PlatformTransition } from './chat-records.ts'

/** How each platform is doing, and was. */
export class PlatformReader {
  protected readonly source: Source<GatewayTables>

  constructor(source: Source<GatewayTables>) {
    this.source = source
  }

  /** How each platform was doing when it was last recorded, by name. */
  latest(): Promise<readonly PlatformRecord[]> {
    return this.source.read(async (db) => {
      const rows = await db.selectFrom('platform').selectAll().where('state', 'is not', null).orderBy('name').execute()
      return rows.map((row) => ({
        platform: row.name,
        state: row.state as PlatformState,
        reason: row.reason,
        since: row.since!,
        nextAttemptAt: row.next_attempt_at,
      }))
    })
  }

  /** The changes of a platform, newest first; `before` is the last position of the page before. */
  history(platform: string, { limit, before }: { readonly limit: number; readonly before?: number }): Promise<readonly PlatformTransition[]> {
    return this.source.read(async (db) => {
      const rows = await db
        .selectFrom('platform_transition')
        .selectAll()
        .where('platform', '=', platform)
        .$if(before !== undefined, (select) => select.where('position', '<', before!))
        .orderBy('position', 'desc')
        .limit(limit)
        .execute()
      return rows.map((row) => ({
        platform: row.platform,
        position: row.position,
        state: row.state as PlatformState,
        reason: row.reason,
        nextAttemptAt: row.next_attempt_at,
        at: row.at,
      }))
    })
  }

  /** The platforms that an operator has paused. */
  paused(): Promise<ReadonlySet<string>> {
    return this.source.read(async (db) => {
      const rows = await db.selectFrom('platform').select('name').where('paused', '=', 1).execute()
      return new Set(rows.map((row) => row.name))
    })
  }
}

/** How each platform is doing, with its history, and what the operator wishes: both outlive the process. */
export class PlatformStore extends PlatformReader {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /** Writes down how a platform is doing now; what differs from before in nothing but its next attempt is no change. */
  async record(platform: string, { state, reason, nextAttemptAt }: Pick<PlatformRecord, 'state' | 'reason' | 'nextAttemptAt'>): Promise<void> {
    const now = this.#clock.now()
    await this.#database.write(async (tx) => {
      const before = await tx.selectFrom('platform').select(['state', 'reason', 'since']).where('name', '=', platform).executeTakeFirst()
      const current = { state, reason, next_attempt_at: nextAttemptAt, since: before?.state === state ? before.since : now }
      await tx
        .insertInto('platform')
        .values({ name: platform, ...current })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(current))
        .execute()
      if (before?.state === state && before.reason === reason) return
      await tx.insertInto('platform_transition').values({ platform, state, reason, next_attempt_at: nextAttemptAt, at: now }).execute()
    })
  }

  /** Writes down that a platform is to stay off, or not any more. */
  async setPaused(platform: string, paused: boolean): Promise<void> {
    const wish = { paused: paused ? (1 as const) : (0 as const) }
    await this.#database.write((tx) =>
      tx
        .insertInto('platform')
        .values({ name: platform, ...wish })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(wish))
        .execute(),
    )
  }
}
