import type { Clock } from '@talaria/core'
import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { Database, Source } from '../database.ts'
import { decodeJson } from '../json-column.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { ApiKey, KeyScope } from './records.ts'
import type { ApiKeyTable, GatewayTables } from './tables.ts'

const ScopesColumn = z.array(z.enum(['chat', 'read', 'admin']))

/** Often enough to see which keys are in use, seldom enough that reading does not mean writing. */
const LAST_USE_STEP_MS = 60_000

export interface NewApiKey {
  readonly id: string
  readonly name: string
  /** SHA-256 of the key; the key itself is nowhere. */
  readonly hash: string
  readonly scopes: readonly KeyScope[]
  readonly service: boolean
}

/** Named keys, for whoever lets people in by them. */
export class ApiKeyReader {
  readonly #source: Source<GatewayTables>

  constructor(source: Source<GatewayTables>) {
    this.#source = source
  }

  /** The key with this hash, unless it was revoked. */
  findByHash(hash: string): Promise<ApiKey | undefined> {
    return this.#source.read(async (db) => {
      const row = await byHashQuery.first(db, { hash })
      return row && apiKeyOf(row)
    })
  }
}

/** Named keys, and their making and ending. */
export class ApiKeyStore extends ApiKeyReader {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /** `undefined` when a key of this name is in use. */
  create(key: NewApiKey): Promise<ApiKey | undefined> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const taken = await tx.selectFrom('api_key').select('id').where('name', '=', key.name).where('revoked_at', 'is', null).executeTakeFirst()
      if (taken) return undefined
      const row = {
        id: key.id,
        name: key.name,
        hash: key.hash,
        scopes: JSON.stringify(key.scopes),
        service: key.service ? (1 as const) : (0 as const),
        created_at: now,
        last_used_at: null,
        revoked_at: null,
      }
      await tx.insertInto('api_key').values(row).execute()
      return apiKeyOf(row)
    })
  }

  /** All of them, revoked ones included, oldest first. */
  list(): Promise<readonly ApiKey[]> {
    return this.#database.read(async (db) => (await db.selectFrom('api_key').selectAll().orderBy('created_at').orderBy('id').execute()).map(apiKeyOf))
  }

  /** Notes that a key was used, at most once a minute. */
  async touch(key: ApiKey): Promise<void> {
    const now = this.#clock.now()
    if (key.lastUsedAt !== null && now - key.lastUsedAt < LAST_USE_STEP_MS) return
    await this.#database.write(async (tx) => {
      await tx.updateTable('api_key').set({ last_used_at: now }).where('id', '=', key.id).execute()
    })
  }

  /** Ends a key, by its id or name, at once and for good. False when there was none. */
  revoke(idOrName: string): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('api_key')
        .set({ revoked_at: now })
        .where('revoked_at', 'is', null)
        .where(({ or, eb }) => or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
        .executeTakeFirstOrThrow()
      return numUpdatedRows > 0n
    })
  }
}

function apiKeyOf(row: Selectable<ApiKeyTable>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: decodeJson(row.scopes, ScopesColumn, 'api_key.scopes'),
    service: row.service === 1,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }
}

const byHashQuery = new PreparedQuery<GatewayTables, { hash: string }, Selectable<ApiKeyTable>>((db, { hash }) =>
  db.selectFrom('api_key').selectAll().where('hash', '=', hash).where('revoked_at', 'is', null),
)
