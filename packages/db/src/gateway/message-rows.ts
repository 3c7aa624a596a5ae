import type { InsertResult, Selectable } from 'kysely'
import { z } from 'zod'
import { decodeNullableJson, encodeJson } from '../json-column.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import type { Message, NewMessage } from './records.ts'
import type { GatewayTables, MessageTable } from './tables.ts'

const PREVIEW_CHARACTERS = 200

const PartsColumn = z.array(z.unknown())
const ToolCallsColumn = z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() }))

export function messageOf(row: Selectable<MessageTable>): Message {
  return {
    id: row.id,
    sessionId: row.session_id,
    turnId: row.turn_id,
    position: row.position,
    role: row.role,
    content: row.content,
    parts: decodeNullableJson(row.parts, PartsColumn, 'message.parts'),
    toolCalls: decodeNullableJson(row.tool_calls, ToolCallsColumn, 'message.tool_calls'),
    toolCallId: row.tool_call_id,
    toolName: row.tool_name,
    reasoning: row.reasoning,
    finishReason: row.finish_reason,
    createdAt: row.created_at,
  }
}

/** What a few messages change in their session's row. */
export interface MessageTotals {
  readonly messages: number
  readonly toolCalls: number
  readonly preview: string | undefined
}

export function totalsOf(messages: readonly NewMessage[]): MessageTotals {
  const shown = messages.findLast((message) => (message.role === 'user' || message.role === 'assistant') && message.content !== '')
  return {
    messages: messages.length,
    toolCalls: messages.reduce((sum, message) => sum + (message.toolCalls?.length ?? 0), 0),
    preview: shown?.content.slice(0, PREVIEW_CHARACTERS).toWellFormed(),
  }
}

/** Appends messages to a session. The session's own row is the caller's; the search index follows, see `SearchIndex`. */
export async function insertMessages(
  tx: Transaction<GatewayTables>,
  sessionId: string,
  messages: readonly NewMessage[],
  written: { readonly turnId: string | null; readonly createdAt: number },
): Promise<void> {
  for (const message of messages) await insertQuery.run(tx, rowOf(sessionId, message, written))
}

type NewRow = Omit<Selectable<MessageTable>, 'position'>

const insertQuery = new PreparedQuery<GatewayTables, NewRow, InsertResult>((tx, row) =>
  tx.insertInto('message').values({
    id: row.id,
    session_id: row.session_id,
    turn_id: row.turn_id,
    role: row.role,
    content: row.content,
    parts: row.parts,
    tool_calls: row.tool_calls,
    tool_call_id: row.tool_call_id,
    tool_name: row.tool_name,
    reasoning: row.reasoning,
    finish_reason: row.finish_reason,
    created_at: row.created_at,
  }),
)

function rowOf(sessionId: string, message: NewMessage, written: { readonly turnId: string | null; readonly createdAt: number }): NewRow {
  return {
    id: message.id,
    session_id: sessionId,
    turn_id: written.turnId,
    role: message.role,
    content: message.content,
    parts: encodeJson(message.parts),
    tool_calls: encodeJson(message.toolCalls),
    tool_call_id: message.toolCallId ?? null,
    tool_name: message.toolName ?? null,
    reasoning: message.reasoning ?? null,
    finish_reason: message.finishReason ?? null,
    created_at: written.createdAt,
  }
}
