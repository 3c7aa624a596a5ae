import { sql, type Selectable, type UpdateResult } from 'kysely'
import { PreparedQuery } from '../../prepared-query.ts'
import type { GatewayTables } from '../tables.ts'
import type { AddressColumns, OutboundTable } from './chat-tables.ts'
import { isPending, itsChatIsParked } from './outbound-queue.ts'

const ADDRESS = ['platform', 'account', 'chat_id', 'thread_id'] as const

/** When the next row of a platform is due. */
export const nextDueQuery = new PreparedQuery<GatewayTables, { platform: string }, { due_at: number | null }>((db, { platform }) =>
  db
    .selectFrom('outbound')
    .select('due_at')
    .where('platform', '=', platform)
    .where(isPending)
    .where('due_at', 'is not', null)
    .orderBy('due_at')
    .limit(sql.lit(1)),
)

/** Something at the head of a place's queue, whether it waits or is being sent. */
export const unsentQuery = new PreparedQuery<GatewayTables, AddressColumns, { position: number }>((db, at) =>
  db
    .selectFrom('outbound')
    .select('position')
    .where('platform', '=', at.platform)
    .where('account', '=', at.account)
    .where('chat_id', '=', at.chat_id)
    .where('thread_id', '=', at.thread_id)
    .where('due_at', 'is not', null),
)

interface Claim {
  readonly platform: string
  readonly runner: string
  readonly limit: number
  readonly now: number
}

/** Takes heads of queues that are due. */
export const claimQuery = new PreparedQuery<GatewayTables, Claim, Selectable<OutboundTable>>((tx, { platform, runner, limit, now }) =>
  tx
    .updateTable('outbound')
    .set(({ eb }) => ({ state: 'sending', runner, attempts: eb('attempts', '+', 1) }))
    .where('position', 'in', ({ selectFrom }) =>
      selectFrom('outbound as due')
        .select('due.position')
        .where('due.platform', '=', platform)
        .where(sql<boolean>`due.state = 'pending'`)
        .where('due.due_at', '<=', now)
        .orderBy('due.due_at')
        .limit(limit),
    )
    .returningAll(),
)

interface SentRow {
  readonly id: string
  readonly runner: string
  readonly message_id: string
  readonly now: number
}

/** Ends a row that was sent; where it went, if it was this runner's to say. */
export const sentQuery = new PreparedQuery<GatewayTables, SentRow, AddressColumns>((tx, { id, runner, message_id, now }) =>
  tx
    .updateTable('outbound')
    .set({ state: 'sent', message_id, due_at: null, code: null, error: null, ended_at: now })
    .where('id', '=', id)
    .where('runner', '=', runner)
    .where('state', '=', 'sending')
    .returning(ADDRESS),
)

/** A row that is given up. */
export interface GivenUp {
  readonly id: string
  readonly runner: string
  readonly code: string
  readonly error: string
  readonly uncertain: 0 | 1
  readonly now: number
}

/** Ends a row that was given up; where it was to go, if it was this runner's to say. */
export const deadQuery = new PreparedQuery<GatewayTables, GivenUp, AddressColumns>((tx, { id, runner, code, error, uncertain, now }) =>
  tx
    .updateTable('outbound')
    // What was uncertain once stays so.
    .set({ state: 'dead', due_at: null, code, error, uncertain: sql`max(uncertain, ${uncertain})`, ended_at: now })
    .where('id', '=', id)
    .where('runner', '=', runner)
    .where('state', '=', 'sending')
    .returning(ADDRESS),
)

/** A row that is to be sent again. */
export interface Again {
  readonly id: string
  readonly runner: string
  readonly at: number
  readonly code: string
  readonly error: string
  readonly uncertain: 0 | 1
}

/** A chat may have been parked while this was being sent. */
const stateAgain = sql<string>`case when ${itsChatIsParked} then 'parked' else 'pending' end`

const dueAgain = (at: number) => sql<number | null>`case when ${itsChatIsParked} then null else ${at} end`

/** Puts a row back as the head of its queue. */
export const againQuery = new PreparedQuery<GatewayTables, Again, { id: string }>((tx, { id, runner, at, code, error, uncertain }) =>
  tx
    .updateTable('outbound')
    .set({ state: stateAgain, due_at: dueAgain(at), code, error, uncertain: sql`max(uncertain, ${uncertain})` })
    .where('id', '=', id)
    .where('runner', '=', runner)
    .where('state', '=', 'sending')
    .returning('id'),
)

/** Puts what a dead process was sending back as the heads of their queues. */
export const adoptQuery = new PreparedQuery<GatewayTables, { dead: string; runner: string; now: number }, UpdateResult>((tx, { dead, runner, now }) =>
  tx
    .updateTable('outbound')
    .set({ state: stateAgain, due_at: dueAgain(now), runner, code: 'unknown_outcome', error: 'The gateway ended while it was being sent.', uncertain: 1 })
    .where('runner', '=', dead)
    .where(sql<boolean>`state = 'sending'`),
)

/** Puts a dead letter back into its queue, as if it were new: how long it is tried counts from here. */
export const replayQuery = new PreparedQuery<GatewayTables, { id: string; now: number }, AddressColumns>((tx, { id, now }) =>
  tx
    .updateTable('outbound')
    .set({ state: 'pending', attempts: 0, created_at: now, ended_at: null })
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .returning(ADDRESS),
)
