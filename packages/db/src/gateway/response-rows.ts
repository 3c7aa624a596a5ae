import type { InsertResult, Selectable } from 'kysely'
import { z } from 'zod'
import { decodeJson } from '../json-column.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { appendConversationItems } from './conversation-rows.ts'
import type { NewResponse, ResponseStatus, StoredItem, StoredResponse } from './records.ts'
import { JsonObject } from './session-rows.ts'
import type { GatewayTables, ResponseTable } from './tables.ts'

const ItemsColumn = z.custom<StoredItem[]>((value) => Array.isArray(value) && value.every(isItem))

function isItem(value: unknown): value is StoredItem {
  const item = value as Partial<StoredItem> | null
  return typeof item?.id === 'string' && typeof item.type === 'string'
}

export function responseOf(row: Omit<Selectable<ResponseTable>, 'input' | 'output' | 'deleted_at'>): StoredResponse {
  return {
    id: row.id,
    owner: row.owner,
    turnId: row.turn_id,
    sessionId: row.session_id,
    previousResponseId: row.previous_response_id,
    conversationId: row.conversation_id,
    status: row.status as ResponseStatus,
    createdAt: row.created_at,
    completedAt: row.completed_at,
    expiresAt: row.expires_at,
    envelope: decodeJson(row.envelope, JsonObject, 'response.envelope'),
  }
}

/** The items of a response's `input` or `output` column. */
export function itemsOf(column: string): readonly StoredItem[] {
  return decodeJson(column, ItemsColumn, 'response items')
}

export async function insertResponse(
  tx: Transaction<GatewayTables>,
  response: NewResponse,
  place: { readonly turnId: string; readonly sessionId: string; readonly owner: string; readonly createdAt: number },
): Promise<void> {
  await insertQuery.run(tx, {
    id: response.id,
    owner: place.owner,
    turn_id: place.turnId,
    session_id: place.sessionId,
    previous_response_id: response.previousResponseId ?? null,
    conversation_id: response.conversationId ?? null,
    status: response.status,
    created_at: place.createdAt,
    expires_at: response.expiresAt,
    envelope: JSON.stringify(response.envelope),
    input: JSON.stringify(response.input),
  })
}

type NewRow = Omit<Selectable<ResponseTable>, 'completed_at' | 'deleted_at' | 'output'>

const insertQuery = new PreparedQuery<GatewayTables, NewRow, InsertResult>((tx, row) =>
  tx.insertInto('response').values({
    id: row.id,
    owner: row.owner,
    turn_id: row.turn_id,
    session_id: row.session_id,
    previous_response_id: row.previous_response_id,
    conversation_id: row.conversation_id,
    status: row.status,
    created_at: row.created_at,
    expires_at: row.expires_at,
    envelope: row.envelope,
    input: row.input,
  }),
)

/** Writes how a response ended; one that was answered joins its conversation, question first. */
export async function settleResponse(
  tx: Transaction<GatewayTables>,
  turnId: string,
  ending: { readonly status: ResponseStatus; readonly envelope: Readonly<Record<string, unknown>>; readonly output: readonly StoredItem[] },
  now: number,
): Promise<void> {
  const row = await settleQuery.first(tx, {
    turn_id: turnId,
    status: ending.status,
    completed_at: now,
    envelope: JSON.stringify(ending.envelope),
    output: JSON.stringify(ending.output),
  })
  if (!row || row.conversation_id === null) return
  if (ending.status !== 'completed' && ending.status !== 'incomplete') return
  await appendConversationItems(tx, row.conversation_id, [...itemsOf(row.input), ...ending.output])
}

type Ending = Pick<Selectable<ResponseTable>, 'turn_id' | 'status' | 'completed_at' | 'envelope' | 'output'>

const settleQuery = new PreparedQuery<GatewayTables, Ending, Pick<Selectable<ResponseTable>, 'conversation_id' | 'input'>>((tx, ending) =>
  tx
    .updateTable('response')
    .set({ status: ending.status, completed_at: ending.completed_at, envelope: ending.envelope, output: ending.output })
    .where('turn_id', '=', ending.turn_id)
    .returning(['conversation_id', 'input']),
)
