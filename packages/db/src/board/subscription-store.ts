import { createId, type Clock } from '@talaria/core'
import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { Database } from '../database.ts'
import { decodeJson, decodeNullableJson, encodeJson } from '../json-column.ts'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { invalidField } from './board-error.ts'
import type { Actor, EventKind, NewSubscription, Subscription, SubscriptionMode, SubscriptionTarget } from './records.ts'
import type { BoardTables, SubscriptionTable } from './tables.ts'

const TargetColumn = z.custom<SubscriptionTarget>((value) => typeof value === 'object' && value !== null && 'kind' in value)
const KindsColumn = z.custom<readonly EventKind[]>((value) => Array.isArray(value))

/** Who is told of what happens, and how far each has been told. */
export class SubscriptionStore {
  readonly #database: Database<BoardTables>
  readonly #clock: Clock

  constructor(database: Database<BoardTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Of one task, of the board as a whole (`null`), or all. */
  list({ taskNumber }: { readonly taskNumber?: number | null } = {}): Promise<readonly Subscription[]> {
    return this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('subscription')
        .selectAll()
        .$if(taskNumber === null, (select) => select.where('task_number', 'is', null))
        .$if(typeof taskNumber === 'number', (select) => select.where('task_number', '=', taskNumber!))
        .orderBy('id')
        .execute()
      return rows.map(subscriptionOf)
    })
  }

  /** Those that something has happened for since they were last told, that are not parked, and may be told now. */
  behind(kind: SubscriptionTarget['kind'], limit: number): Promise<readonly Subscription[]> {
    const now = this.#clock.now()
    return this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('subscription')
        .selectAll()
        .where('cursor', '<', (eb) => eb.selectFrom('event').select((event) => event.fn.max('seq').as('seq')))
        // Of thousands that follow a task each, those of one task, and not all of them.
        .where((eb) =>
          eb.or([
            eb('task_number', 'is', null),
            eb.exists(
              eb
                .selectFrom('event')
                .select('event.seq')
                .whereRef('event.task_number', '=', 'subscription.task_number')
                .whereRef('event.seq', '>', 'subscription.cursor'),
            ),
          ]),
        )
        .where('parked_at', 'is', null)
        .where('target_key', 'like', `${kind}:%`)
        .where((eb) => eb.or([eb('next_at', 'is', null), eb('next_at', '<=', now)]))
        .orderBy('cursor')
        .limit(limit)
        .execute()
      return rows.map(subscriptionOf)
    })
  }

  /** Subscribes from the newest event on; the same target of the same task is changed instead. */
  async add(taskNumber: number | null, subscription: NewSubscription, actor: Actor): Promise<Subscription> {
    refuseIncomplete(subscription.target)
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const row = await insertSubscription(tx, { taskNumber, subscription, actor, now })
      await appendEvent(tx, { kind: 'subscription.added', actor, taskNumber, payload: { subscription: row.id }, at: now })
      return subscriptionOf(row)
    })
  }

  /** False when it is not there. */
  remove(id: string, actor: Actor): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const row = await tx.deleteFrom('subscription').where('id', '=', id).returning('task_number').executeTakeFirst()
      if (!row) return false
      await appendEvent(tx, { kind: 'subscription.removed', actor, taskNumber: row.task_number, payload: { subscription: id }, at: now })
      return true
    })
  }

  /** Notes that it has been told of everything up to `to`; false when somebody else told it meanwhile. */
  async advance(id: string, { from, to, nextAt = null }: { readonly from: number; readonly to: number; readonly nextAt?: number | null }): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.write((tx) =>
      tx
        .updateTable('subscription')
        .set({ cursor: to, next_at: nextAt, failures: 0, last_error: null })
        .where('id', '=', id)
        .where('cursor', '=', from)
        .executeTakeFirstOrThrow(),
    )
    return numUpdatedRows === 1n
  }

  /** Has it be told no earlier than then: a digest gathers. Nothing when somebody else told it meanwhile. */
  async postpone(id: string, { cursor, until }: { readonly cursor: number; readonly until: number }): Promise<void> {
    await this.#database.write((tx) => tx.updateTable('subscription').set({ next_at: until }).where('id', '=', id).where('cursor', '=', cursor).execute())
  }

  /** Notes that it could not be told, and when to try again; without `nextAt` it is parked until somebody resumes it. */
  async failed(id: string, { error, nextAt }: { readonly error: string; readonly nextAt?: number }): Promise<void> {
    const now = this.#clock.now()
    await this.#database.write((tx) =>
      tx
        .updateTable('subscription')
        .set((eb) => ({
          failures: eb('failures', '+', 1),
          last_error: error.slice(0, 500),
          next_at: nextAt ?? null,
          parked_at: nextAt === undefined ? now : null,
        }))
        .where('id', '=', id)
        .execute(),
    )
  }

  /** Has a parked one be told again, from where it was. False when it is not parked. */
  async resume(id: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.write((tx) =>
      tx
        .updateTable('subscription')
        .set({ parked_at: null, failures: 0, next_at: null })
        .where('id', '=', id)
        .where('parked_at', 'is not', null)
        .executeTakeFirstOrThrow(),
    )
    return numUpdatedRows === 1n
  }
}

/** Subscribes within a transaction, from the newest event on. */
export async function insertSubscription(
  tx: Transaction<BoardTables>,
  {
    taskNumber,
    subscription,
    actor,
    now,
  }: { readonly taskNumber: number | null; readonly subscription: NewSubscription; readonly actor: Actor; readonly now: number },
): Promise<Selectable<SubscriptionTable>> {
  const { seq } = await tx
    .selectFrom('event')
    .select((eb) => eb.fn.coalesce(eb.fn.max('seq'), eb.lit(0)).as('seq'))
    .executeTakeFirstOrThrow()
  const said = {
    target: JSON.stringify(subscription.target),
    mode: subscription.mode ?? 'notify',
    kinds: encodeJson(subscription.kinds),
    digest_minutes: subscription.digestMinutes ?? null,
  }
  const targetKey = keyOf(subscription.target)
  const known = await tx
    .selectFrom('subscription')
    .select('id')
    .where('task_number', taskNumber === null ? 'is' : '=', taskNumber)
    .where('target_key', '=', targetKey)
    .executeTakeFirst()
  if (known)
    return tx
      .updateTable('subscription')
      .set({ ...said, parked_at: null, failures: 0 })
      .where('id', '=', known.id)
      .returningAll()
      .executeTakeFirstOrThrow()
  return tx
    .insertInto('subscription')
    .values({
      id: createId('sub', now),
      task_number: taskNumber,
      target_key: targetKey,
      ...said,
      created_by: actor,
      created_at: now,
      cursor: seq,
      next_at: null,
      last_error: null,
      parked_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** What makes two targets the same one. Begins with its kind. */
function keyOf(target: SubscriptionTarget): string {
  if (target.kind === 'chat') return `chat:${JSON.stringify([target.platform, target.account, target.chatId, target.threadId])}`
  return target.kind === 'session' ? `session:${target.sessionId}` : `webhook:${target.url}`
}

/** A target that cannot be reached would be told nothing, for ever, in silence. */
function refuseIncomplete(target: SubscriptionTarget): void {
  if (target.kind === 'chat' && (target.platform === '' || target.chatId === '')) throw invalidField('target', 'a platform and a chat id')
  if (target.kind === 'session' && target.sessionId === '') throw invalidField('target.sessionId', 'the id of a session')
  if (target.kind === 'webhook' && !/^https?:$/.test(URL.parse(target.url)?.protocol ?? '')) throw invalidField('target.url', 'an http or https URL')
}

function subscriptionOf(row: Selectable<SubscriptionTable>): Subscription {
  const kinds = decodeNullableJson(row.kinds, KindsColumn, 'subscription.kinds')
  return {
    id: row.id,
    taskNumber: row.task_number,
    target: decodeJson(row.target, TargetColumn, 'subscription.target'),
    mode: row.mode as SubscriptionMode,
    ...(kinds && { kinds }),
    ...(row.digest_minutes !== null && { digestMinutes: row.digest_minutes }),
    createdBy: row.created_by,
    createdAt: row.created_at,
    cursor: row.cursor,
    nextAt: row.next_at,
    failures: row.failures,
    lastError: row.last_error,
    parkedAt: row.parked_at,
  }
}
