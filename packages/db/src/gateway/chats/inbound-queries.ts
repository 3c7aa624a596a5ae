import { sql, type Selectable } from 'kysely'
import { PreparedQuery } from '../../prepared-query.ts'
import type { GatewayTables } from '../tables.ts'
import type { AddressColumns, InboundTable } from './chat-tables.ts'

/** Whether nobody has taken anything of a session. */
function isIdle(sessionKey: string) {
  return sql<boolean>`not exists (select 1 from inbound as busy where busy.session_key = ${sessionKey} and busy.state = 'taken' and busy.finished_at is null)`
}

type NewRow = Omit<Selectable<InboundTable>, 'position' | 'runner' | 'turn_id'>

/** Writes a message unless it is here already; its place, if it was written. */
export const acceptQuery = new PreparedQuery<GatewayTables, NewRow, { position: number }>((tx, row) =>
  tx
    .insertInto('inbound')
    .values({
      id: row.id,
      platform: row.platform,
      account: row.account,
      chat_id: row.chat_id,
      thread_id: row.thread_id,
      message_id: row.message_id,
      session_key: row.session_key,
      sender_id: row.sender_id,
      sender_name: row.sender_name,
      body: row.body,
      mode: row.mode,
      state: row.state,
      reason: row.reason,
      received_at: row.received_at,
      finished_at: row.finished_at,
    })
    .onConflict((conflict) => conflict.columns(['platform', 'account', 'chat_id', 'message_id']).doNothing())
    .returning('position'),
)

/** The message that a duplicate is one of. A thread is no part of it: a platform numbers the messages of a chat. */
export const firstQuery = new PreparedQuery<GatewayTables, AddressColumns & { message_id: string }, { id: string; position: number }>((db, place) =>
  db
    .selectFrom('inbound')
    .select(['id', 'position'])
    .where('platform', '=', place.platform)
    .where('account', '=', place.account)
    .where('chat_id', '=', place.chat_id)
    .where('message_id', '=', place.message_id),
)

/** What waits for a session, oldest first. */
export const waitingQuery = new PreparedQuery<GatewayTables, { session_key: string }, Selectable<InboundTable>>((db, { session_key }) =>
  db
    .selectFrom('inbound')
    .selectAll()
    .where('session_key', '=', session_key)
    .where('state', '=', 'waiting')
    .where('finished_at', 'is', null)
    .orderBy('position'),
)

/** How many wait for a session. */
export const countQuery = new PreparedQuery<GatewayTables, { session_key: string }, { count: number }>((db, { session_key }) =>
  db
    .selectFrom('inbound')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('session_key', '=', session_key)
    .where('state', '=', 'waiting')
    .where('finished_at', 'is', null),
)

/** Finds something when `takeQuery` would. */
export const mayTakeQuery = new PreparedQuery<GatewayTables, { session_key: string }, { position: number }>((db, { session_key }) =>
  db
    .selectFrom('inbound')
    .select('position')
    .where('session_key', '=', session_key)
    .where('state', '=', 'waiting')
    .where('finished_at', 'is', null)
    .where(isIdle(session_key))
    .limit(sql.lit(1)),
)

/** Takes the oldest that wait for a session, unless something of it is taken. */
export const takeQuery = new PreparedQuery<GatewayTables, { session_key: string; runner: string; max: number }, Selectable<InboundTable>>(
  (tx, { session_key, runner, max }) =>
    tx
      .updateTable('inbound')
      .set({ state: 'taken', runner })
      .where('position', 'in', ({ selectFrom }) =>
        selectFrom('inbound as next')
          .select('next.position')
          .where('next.session_key', '=', session_key)
          .where('next.state', '=', 'waiting')
          .where('next.finished_at', 'is', null)
          .where(isIdle(session_key))
          .orderBy('next.position')
          .limit(max),
      )
      .returningAll(),
)

/** A literal: of a parameter SQLite learns only when it is bound that the partial index will do, and then prepares anew. */
const isTaken = sql<boolean>`state = 'taken'`

/** Gives back what a dead process had taken. */
export const adoptQuery = new PreparedQuery<GatewayTables, { dead: string; runner: string }, Selectable<InboundTable>>((tx, { dead, runner }) =>
  tx.updateTable('inbound').set({ state: 'waiting', runner }).where('runner', '=', dead).where(isTaken).returningAll(),
)
