import type { Selectable, UpdateResult } from 'kysely'
import { decodeNullableJson } from '../../json-column.ts'
import { PreparedQuery } from '../../prepared-query.ts'
import type { ChatAddress } from '../records.ts'
import { JsonObject } from '../session-rows.ts'
import type { Transaction } from '../../scope.ts'
import type { GatewayTables } from '../tables.ts'
import { addressColumns, addressOf, isAt } from './address.ts'
import type { BusyMode, Chat, ChatKind } from './chat-records.ts'
import type { AddressColumns, ChatTable } from './chat-tables.ts'
import { unpark } from './outbound-queue.ts'

/** A chat out of its row. */
export function chatOf(row: Selectable<ChatTable>): Chat {
  return {
    address: addressOf(row),
    kind: row.kind as ChatKind | null,
    name: row.name,
    parentChatId: row.parent_chat_id,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    isHome: row.is_home === 1,
    settings: {
      model: row.model,
      systemPrompt: row.system_prompt,
      busyMode: row.busy_mode as BusyMode | null,
      personality: row.personality,
      reset: decodeNullableJson(row.reset, JsonObject, 'chat.reset'),
    },
    parked: row.parked_at === null ? null : { at: row.parked_at, code: row.parked_code ?? '', reason: row.parked_reason ?? '' },
  }
}

/** Makes sure that a chat is in the directory: something may be set for one where nobody was heard yet. */
export async function insertChat(tx: Transaction<GatewayTables>, address: ChatAddress, now: number): Promise<void> {
  await tx
    .insertInto('chat')
    .values({ ...addressColumns(address), first_seen_at: now, last_seen_at: now })
    .onConflict((conflict) => conflict.columns(['platform', 'account', 'chat_id', 'thread_id']).doNothing())
    .execute()
}

/** Says that a chat takes messages, and puts back what waited for that. False when it was not parked. */
export async function healChat(tx: Transaction<GatewayTables>, address: AddressColumns, now: number): Promise<boolean> {
  const { numAffectedRows } = await healQuery.run(tx, address)
  if (numAffectedRows === 0n) return false
  await unpark(tx, address, now)
  return true
}

const healQuery = new PreparedQuery<GatewayTables, AddressColumns, UpdateResult>((tx, address) =>
  tx.updateTable('chat').set({ parked_at: null, parked_code: null, parked_reason: null }).where(isAt(address)).where('parked_at', 'is not', null),
)
