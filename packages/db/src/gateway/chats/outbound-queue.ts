import { sql, type Expression, type UpdateResult } from 'kysely'
import { PreparedQuery } from '../../prepared-query.ts'
import type { Transaction } from '../../scope.ts'
import type { ChatAddress } from '../records.ts'
import type { GatewayTables } from '../tables.ts'
import { addressColumns, isAt } from './address.ts'
import type { AddressColumns } from './chat-tables.ts'

// How the outbox keeps each chat's order: the first row of a chat that is to be sent is its head, the only one with a
// `due_at`; the next becomes the head when that one is sent, given up or parked.

/** Whether a row is to be sent. A literal: of a parameter SQLite learns only when it is bound that a partial index will do, and then prepares anew. */
export const isPending = sql<boolean>`state = 'pending'`

/** Whether a chat has a head that is to be sent, or is being sent. */
export function hasHead(address: AddressColumns): Expression<boolean> {
  return sql<boolean>`exists (select 1 from outbound as head where head.platform = ${address.platform} and head.account = ${address.account}
    and head.chat_id = ${address.chat_id} and head.thread_id = ${address.thread_id} and head.due_at is not null)`
}

/** Whether a chat takes nothing now. */
export function chatIsParked(address: AddressColumns): Expression<boolean> {
  return sql<boolean>`exists (select 1 from chat where ${isAt(address)} and parked_at is not null)`
}

/** Whether the chat of the row that is updated takes nothing now. */
export const itsChatIsParked = sql<boolean>`exists (select 1 from chat where chat.platform = outbound.platform and chat.account = outbound.account
  and chat.chat_id = outbound.chat_id and chat.thread_id = outbound.thread_id and chat.parked_at is not null)`

/** The head of a chat has left: the first of those that wait behind it is due now. */
export async function advanceQueue(tx: Transaction<GatewayTables>, address: AddressColumns, now: number): Promise<void> {
  await advanceQuery.run(tx, { platform: address.platform, account: address.account, chat_id: address.chat_id, thread_id: address.thread_id, now })
}

/** Sets aside what is to be sent to a chat; what is being sent now will say itself what became of it. */
export async function parkPending(tx: Transaction<GatewayTables>, address: ChatAddress): Promise<void> {
  const at = addressColumns(address)
  const park = tx.updateTable('outbound').set({ state: 'parked', due_at: null }).where(isAt(at)).where(isPending)
  // Two statements, because an index has the head and another what is behind it.
  await park.where('due_at', 'is not', null).execute()
  await park.where('due_at', 'is', null).execute()
}

/** Puts what was set aside for a chat back into its queue. */
export async function unpark(tx: Transaction<GatewayTables>, at: AddressColumns, now: number): Promise<void> {
  await tx
    .updateTable('outbound')
    .set({ state: 'pending' })
    .where(isAt(at))
    .where(sql<boolean>`state = 'parked'`)
    .execute()
  await advanceQueue(tx, at, now)
}

const advanceQuery = new PreparedQuery<GatewayTables, AddressColumns & { now: number }, UpdateResult>((tx, at) =>
  tx
    .updateTable('outbound')
    .set({ due_at: at.now })
    .where('position', '=', ({ selectFrom }) =>
      selectFrom('outbound as next')
        .select(({ fn }) => fn.min<number>('next.position').as('position'))
        .where('next.platform', '=', at.platform)
        .where('next.account', '=', at.account)
        .where('next.chat_id', '=', at.chat_id)
        .where('next.thread_id', '=', at.thread_id)
        .where(sql<boolean>`next.state = 'pending'`)
        .where('next.due_at', 'is', null),
    )
    .where(sql<boolean>`not ${hasHead(at)}`),
)
