import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { Database } from '../database.ts'
import { decodeNullableJson } from '../json-column.ts'
import type { IdempotencyRecord } from './records.ts'
import type { GatewayTables, IdempotencyKeyTable } from './tables.ts'

const HeadersColumn = z.record(z.string(), z.string())

export interface NewClaim {
  readonly scope: string
  readonly key: string
  readonly fingerprint: string
  /** Proof of who may answer under this key. */
  readonly claim: string
  readonly runner: string
  readonly createdAt: number
  readonly expiresAt: number
}

/** Keys under which a request is done once, for as long as they are kept. */
export class IdempotencyStore {
  readonly #database: Database<GatewayTables>

  constructor(database: Database<GatewayTables>) {
    this.#database = database
  }

  /** Takes a key, unless it is taken: then what is known under it. One that has expired is free again. */
  claim(claim: NewClaim): Promise<IdempotencyRecord | undefined> {
    return this.#database.write(async (tx) => {
      const row = await tx.selectFrom('idempotency_key').selectAll().where('scope', '=', claim.scope).where('key', '=', claim.key).executeTakeFirst()
      if (row && row.expires_at > claim.createdAt) return recordOf(row)
      if (row) await tx.deleteFrom('idempotency_key').where('scope', '=', claim.scope).where('key', '=', claim.key).execute()
      await tx
        .insertInto('idempotency_key')
        .values({
          scope: claim.scope,
          key: claim.key,
          fingerprint: claim.fingerprint,
          claim: claim.claim,
          runner: claim.runner,
          turn_id: null,
          status: null,
          headers: null,
          body: null,
          created_at: claim.createdAt,
          expires_at: claim.expiresAt,
        })
        .execute()
      return undefined
    })
  }

  get(scope: string, key: string): Promise<IdempotencyRecord | undefined> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('idempotency_key').selectAll().where('scope', '=', scope).where('key', '=', key).executeTakeFirst()
      return row && recordOf(row)
    })
  }

  /** Keeps the answer; false when the claim was lost. */
  complete(place: Pick<NewClaim, 'scope' | 'key' | 'claim'>, response: NonNullable<IdempotencyRecord['response']>): Promise<boolean> {
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('idempotency_key')
        .set({ status: response.status, headers: JSON.stringify(response.headers), body: response.body })
        .where('scope', '=', place.scope)
        .where('key', '=', place.key)
        .where('claim', '=', place.claim)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  /** Frees a key that has no answer: its request was refused, or its process died before it accepted anything. */
  release(place: Pick<NewClaim, 'scope' | 'key' | 'claim'>): Promise<void> {
    return this.#database.write(async (tx) => {
      await tx
        .deleteFrom('idempotency_key')
        .where('scope', '=', place.scope)
        .where('key', '=', place.key)
        .where('claim', '=', place.claim)
        .where('turn_id', 'is', null)
        .where('status', 'is', null)
        .execute()
    })
  }
}

function recordOf(row: Selectable<IdempotencyKeyTable>): IdempotencyRecord {
  const headers = decodeNullableJson(row.headers, HeadersColumn, 'idempotency_key.headers')
  return {
    scope: row.scope,
    key: row.key,
    fingerprint: row.fingerprint,
    claim: row.claim,
    runner: row.runner,
    turnId: row.turn_id,
    response: row.status === null ? null : { status: row.status, headers: headers ?? {}, body: row.body ?? '' },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
