import { DatabaseError } from '../errors.ts'
import type { Transaction } from '../scope.ts'
import type { NewClaim } from './idempotency-store.ts'
import type { IdempotencyRecord } from './records.ts'
import type { GatewayTables } from './tables.ts'

/**
 * The answer to a request that came with a key: kept in the transaction that makes what it speaks of, so that a crash
 * leaves both or neither and a repetition makes nothing twice.
 */
export interface KeptAnswer<Made> {
  readonly claim: Pick<NewClaim, 'scope' | 'key' | 'claim'>
  /** A pure function: a write may run twice. */
  readonly answer: (made: Made) => NonNullable<IdempotencyRecord['response']>
}

/** Keeps the answer, if there is one to keep. @throws DatabaseError `CLAIM_LOST` when another process took the key over. */
export async function keepAnswer<Made>(tx: Transaction<GatewayTables>, kept: KeptAnswer<Made> | undefined, made: Made): Promise<void> {
  if (!kept) return
  const { scope, key, claim } = kept.claim
  const { status, headers, body } = kept.answer(made)
  const { numUpdatedRows } = await tx
    .updateTable('idempotency_key')
    .set({ status, headers: JSON.stringify(headers), body })
    .where('scope', '=', scope)
    .where('key', '=', key)
    .where('claim', '=', claim)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) throw new DatabaseError('CLAIM_LOST', 'Another request took this idempotency key over.')
}
