import type { Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import type { Transaction } from '../scope.ts'
import type { GatewayTables } from './tables.ts'

/** Rows removed in one write: well under the time a batch may take. */
const STEP = 200

export interface RetentionPolicy {
  /** Sessions in which nothing happened for longer are removed; `undefined` keeps them for ever. */
  readonly sessionsMs: number | undefined
  /** Turns that ended longer ago are removed with their events; their messages stay. `undefined` keeps them for ever. */
  readonly runsMs: number | undefined
}

type Step = (tx: Transaction<GatewayTables>, now: number) => Promise<number>

/** Removes what was deleted, has expired or is too old, a small step at a time. */
export class Retention {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Works until nothing is left to remove, or `signal` aborts. Returns how many rows went. */
  async sweep(policy: RetentionPolicy, signal?: AbortSignal): Promise<number> {
    let removed = 0
    for (const step of stepsOf(policy)) {
      for (let last = -1; last !== 0 && !signal?.aborted; ) {
        last = await this.#database.write((tx) => step(tx, this.#clock.now()))
        removed += last
      }
    }
    return removed
  }
}

function stepsOf(policy: RetentionPolicy): readonly Step[] {
  return [
    removeExpiredKeys,
    ...(policy.sessionsMs === undefined ? [] : [deleteSessionsBefore(policy.sessionsMs)]),
    removeDeletedResponses,
    removeExpiredResponses,
    ...(policy.runsMs === undefined ? [] : [removeRunsBefore(policy.runsMs)]),
    removeDeletedConversations,
    removeDeletedSessions,
  ]
}

const removeExpiredKeys: Step = async (tx, now) => {
  const rows = await tx.selectFrom('idempotency_key').select(['scope', 'key']).where('expires_at', '<=', now).limit(STEP).execute()
  for (const row of rows) await tx.deleteFrom('idempotency_key').where('scope', '=', row.scope).where('key', '=', row.key).execute()
  return rows.length
}

function deleteSessionsBefore(ageMs: number): Step {
  return async (tx, now) => {
    const rows = await tx.selectFrom('session').select('id').where('deleted_at', 'is', null).where('pinned', '=', 0).where('updated_at', '<', now - ageMs).limit(STEP).execute()
    for (const { id } of rows) {
      await tx.updateTable('session').set({ deleted_at: now }).where('id', '=', id).execute()
      await tx.updateTable('response').set({ deleted_at: now }).where('session_id', '=', id).where('deleted_at', 'is', null).execute()
    }
    return rows.length
  }
}

/** Rows that a descendant needs stay until it is gone itself, leaves first. */
const removeDeletedResponses: Step = (tx) => removeLeaves(tx, (select) => select.where('deleted_at', 'is not', null))
const removeExpiredResponses: Step = (tx, now) => removeLeaves(tx, (select) => select.where('expires_at', '<=', now))

type ResponseSelect = ReturnType<typeof leaves>

function leaves(tx: Transaction<GatewayTables>) {
  return tx
    .selectFrom('response')
    .select('id')
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('response as child').select('child.id').whereRef('child.previous_response_id', '=', 'response.id'))))
}

async function removeLeaves(tx: Transaction<GatewayTables>, narrow: (select: ResponseSelect) => ResponseSelect): Promise<number> {
  const ids = (await narrow(leaves(tx)).limit(STEP).execute()).map((row) => row.id)
  if (ids.length > 0) await tx.deleteFrom('response').where('id', 'in', ids).execute()
  return ids.length
}

function removeRunsBefore(ageMs: number): Step {
  return async (tx, now) => {
    // Ids sort by age, so the oldest turns are the first of the table.
    const oldest = await tx.selectFrom('turn').select(['id', 'finished_at']).orderBy('id').limit(STEP).execute()
    const turn = oldest.find((row) => row.finished_at !== null && row.finished_at < now - ageMs)
    return turn ? removeTurn(tx, turn.id) : 0
  }
}

const removeDeletedConversations: Step = async (tx) => {
  const conversation = await tx.selectFrom('conversation').select('id').where('deleted_at', 'is not', null).limit(1).executeTakeFirst()
  if (!conversation) return 0
  const items = await tx.selectFrom('conversation_item').select('position').where('conversation_id', '=', conversation.id).limit(STEP).execute()
  for (const { position } of items) await tx.deleteFrom('conversation_item').where('position', '=', position).execute()
  if (items.length < STEP) await tx.deleteFrom('conversation').where('id', '=', conversation.id).execute()
  return items.length + 1
}

const removeDeletedSessions: Step = async (tx, now) => {
  // A fork is a deleted session while it is being copied; it is given an hour.
  const session = await tx
    .selectFrom('session')
    .select('id')
    .where('deleted_at', '<', now - 60 * 60_000)
    .limit(1)
    .executeTakeFirst()
  if (!session) return 0
  const messages = await tx.selectFrom('message').select('position').where('session_id', '=', session.id).limit(STEP).execute()
  for (const { position } of messages) {
    await tx.deleteFrom('message_fts').where('rowid', '=', position).execute()
    await tx.deleteFrom('message').where('position', '=', position).execute()
  }
  if (messages.length === STEP) return STEP
  const turn = await tx.selectFrom('turn').select('id').where('session_id', '=', session.id).limit(1).executeTakeFirst()
  if (turn) return messages.length + (await removeTurn(tx, turn.id))
  await tx.deleteFrom('session').where('id', '=', session.id).execute()
  return messages.length + 1
}

/** A turn, or as many of its events as fit into one step. */
async function removeTurn(tx: Transaction<GatewayTables>, id: string): Promise<number> {
  const events = await tx.selectFrom('turn_event').select('seq').where('turn_id', '=', id).limit(STEP).execute()
  const last = events.at(-1)
  if (last) await tx.deleteFrom('turn_event').where('turn_id', '=', id).where('seq', '<=', last.seq).execute()
  if (events.length < STEP) await tx.deleteFrom('turn').where('id', '=', id).execute()
  return events.length + 1
}
