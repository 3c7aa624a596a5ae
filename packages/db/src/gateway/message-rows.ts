import type { Insertable, Selectable } from 'kysely'
import { z } from 'zod'
import { decodeNullableJson, encodeJson } from '../json-column.ts'
import type { Transaction } from '../scope.ts'
import type { Message, NewMessage } from './records.ts'
import { indexedText, scopeToken } from './search-text.ts'
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

/** Appends messages to a session and to the search index. The session's own row is the caller's. */
export async function insertMessages(
  tx: Transaction<GatewayTables>,
  session: { readonly id: string; readonly owner: string },
  messages: readonly NewMessage[],
  written: { readonly turnId: string | null; readonly createdAt: number },
): Promise<void> {
  const scope = `${scopeToken('owner', session.owner)} ${scopeToken('session', session.id)}`
  for (const message of messages) {
    const { position } = await tx.insertInto('message').values(rowOf(session.id, message, written)).returning('position').executeTakeFirstOrThrow()
    if (message.content === '') continue
    await tx
      .insertInto('message_fts')
      .values({ rowid: position, content: indexedText(message.role, message.content), scope })
      .execute()
  }
}

function rowOf(sessionId: string, message: NewMessage, written: { readonly turnId: string | null; readonly createdAt: number }): Insertable<MessageTable> {
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
