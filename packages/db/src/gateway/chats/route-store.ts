import type { Clock } from '@talaria/core'
import type { Selectable } from 'kysely'
import type { Database, Source } from '../../database.ts'
import { decodeJson } from '../../json-column.ts'
import { PreparedQuery } from '../../prepared-query.ts'
import type { ChatAddress } from '../records.ts'
import { JsonObject } from '../session-rows.ts'
import type { GatewayTables } from '../tables.ts'
import { addressColumns, addressOf } from './address.ts'
import type { Route } from './chat-records.ts'
import type { RouteTable } from './chat-tables.ts'

/** Which session a session key leads to. */
export class RouteReader {
  protected readonly source: Source<GatewayTables>

  constructor(source: Source<GatewayTables>) {
    this.source = source
  }

  find(sessionKey: string): Promise<Route | undefined> {
    return this.source.read(async (db) => {
      const row = await findQuery.first(db, { session_key: sessionKey })
      return row && routeOf(row)
    })
  }

  /** Those that lead to a session: most often one, and none where it is no chat's now. */
  ofSession(sessionId: string): Promise<readonly Route[]> {
    return this.source.read(async (db) => {
      const rows = await db.selectFrom('route').selectAll().where('session_id', '=', sessionId).orderBy('session_key').execute()
      return rows.map(routeOf)
    })
  }
}

/** Which session a session key leads to, and how it fared there. What is said of a key without a route changes nothing. */
export class RouteStore extends RouteReader {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /** Leads a key to a session from now on: a new one, one that is resumed, a fork. It keeps its settings, and is not suspended. */
  point(sessionKey: string, { address, sessionId }: { readonly address: ChatAddress; readonly sessionId: string }): Promise<Route> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const pointed = { ...addressColumns(address), session_id: sessionId, started_at: now, last_activity_at: now, interruptions: 0, suspended_at: null }
      const row = await tx
        .insertInto('route')
        .values({ session_key: sessionKey, ...pointed })
        .onConflict((conflict) => conflict.column('session_key').doUpdateSet(pointed))
        .returningAll()
        .executeTakeFirstOrThrow()
      return routeOf(row)
    })
  }

  /** Merges into what is set for a key; `null` removes. */
  async configure(sessionKey: string, settings: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#database.write(async (tx) => {
      const row = await findQuery.first(tx, { session_key: sessionKey })
      if (!row) return
      const merged = Object.entries({ ...routeOf(row).settings, ...settings }).filter(([, value]) => value !== null)
      await tx
        .updateTable('route')
        .set({ settings: JSON.stringify(Object.fromEntries(merged)) })
        .where('session_key', '=', sessionKey)
        .execute()
    })
  }

  /** Somebody said something: what resets by idleness counts from here. */
  async touch(sessionKey: string): Promise<void> {
    const now = this.#clock.now()
    await this.#database.write((tx) => touchQuery.run(tx, { session_key: sessionKey, now }))
  }

  /** A turn was cut short by a crash or a restart. Returns how many were in a row. */
  interrupted(sessionKey: string): Promise<number> {
    return this.#database.write(async (tx) => {
      const row = await tx
        .updateTable('route')
        .set(({ eb }) => ({ interruptions: eb('interruptions', '+', 1) }))
        .where('session_key', '=', sessionKey)
        .returning('interruptions')
        .executeTakeFirst()
      return row?.interruptions ?? 0
    })
  }

  /** A turn came to its end: whatever interrupted those before is over. */
  async settled(sessionKey: string): Promise<void> {
    const route = await this.find(sessionKey)
    if (!route || route.interruptions === 0) return
    await this.#database.write((tx) => tx.updateTable('route').set({ interruptions: 0 }).where('session_key', '=', sessionKey).execute())
  }

  /** Lets no turn of a key run by itself any more, until it is resumed or pointed elsewhere. False when it is suspended already. */
  suspend(sessionKey: string): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('route')
        .set({ suspended_at: now })
        .where('session_key', '=', sessionKey)
        .where('suspended_at', 'is', null)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  /** Ends a suspension, and forgets the interruptions that led to it. False when there was none. */
  resume(sessionKey: string): Promise<boolean> {
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('route')
        .set({ suspended_at: null, interruptions: 0 })
        .where('session_key', '=', sessionKey)
        .where('suspended_at', 'is not', null)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }
}

function routeOf(row: Selectable<RouteTable>): Route {
  return {
    sessionKey: row.session_key,
    address: addressOf(row),
    sessionId: row.session_id,
    startedAt: row.started_at,
    lastActivityAt: row.last_activity_at,
    interruptions: row.interruptions,
    suspendedAt: row.suspended_at,
    settings: decodeJson(row.settings, JsonObject, 'route.settings'),
  }
}

const findQuery = new PreparedQuery<GatewayTables, { session_key: string }, Selectable<RouteTable>>((db, { session_key }) =>
  db.selectFrom('route').selectAll().where('session_key', '=', session_key),
)

const touchQuery = new PreparedQuery<GatewayTables, { session_key: string; now: number }, unknown>((tx, { session_key, now }) =>
  tx.updateTable('route').set({ last_activity_at: now }).where('session_key', '=', session_key),
)
