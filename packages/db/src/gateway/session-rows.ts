import type { InsertResult, Selectable, UpdateResult } from 'kysely'
import { z } from 'zod'
import { decodeJson } from '../json-column.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { totalsOf, type MessageTotals } from './message-rows.ts'
import type { NewSession, Session, TokenUsage } from './records.ts'
import type { GatewayTables, SessionTable } from './tables.ts'

/** Any JSON object; checked by hand, because a schema that looks at every field costs as much as the read. */
export const JsonObject = z.custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))

export function sessionOf(row: Selectable<SessionTable>): Session {
  return {
    id: row.id,
    owner: row.owner,
    source: row.source,
    userId: row.user_id,
    title: row.title,
    model: row.model,
    systemPrompt: row.system_prompt,
    parentSessionId: row.parent_session_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at,
    endReason: row.end_reason,
    pinned: row.pinned === 1,
    archived: row.archived === 1,
    hidden: row.hidden === 1,
    unread: row.unread === 1,
    messageCount: row.message_count,
    toolCallCount: row.tool_call_count,
    usage: {
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      reasoningTokens: row.reasoning_tokens,
      cachedInputTokens: row.cached_input_tokens,
    },
    preview: row.preview,
    metadata: decodeJson(row.metadata, JsonObject, 'session.metadata'),
  }
}

const NO_MESSAGES = totalsOf([])

/** Inserts a session, with the count of the messages it begins with, unless one with its id is there already, deleted ones included; whether it was inserted. */
export async function insertSession(tx: Transaction<GatewayTables>, session: NewSession, now: number, begun: MessageTotals = NO_MESSAGES): Promise<boolean> {
  const { numAffectedRows } = await insertQuery.run(tx, {
    id: session.id,
    owner: session.owner,
    source: session.source,
    user_id: session.userId ?? null,
    title: session.title ?? null,
    model: session.model ?? null,
    system_prompt: session.systemPrompt ?? null,
    parent_session_id: session.parentSessionId ?? null,
    created_at: now,
    updated_at: now,
    message_count: begun.messages,
    tool_call_count: begun.toolCalls,
    preview: begun.preview ?? null,
    metadata: JSON.stringify(session.metadata ?? {}),
  })
  return numAffectedRows === 1n
}

/** Counts what was added to a session, and moves it to the top of the list. */
export async function touchSession(
  tx: Transaction<GatewayTables>,
  sessionId: string,
  added: MessageTotals & { readonly usage?: TokenUsage | null; readonly transcriptHash?: string },
  now: number,
): Promise<void> {
  await touchQuery.run(tx, {
    id: sessionId,
    updated_at: now,
    message_count: added.messages,
    tool_call_count: added.toolCalls,
    preview: added.preview ?? null,
    transcript_hash: added.transcriptHash ?? null,
    input_tokens: added.usage?.inputTokens ?? 0,
    output_tokens: added.usage?.outputTokens ?? 0,
    reasoning_tokens: added.usage?.reasoningTokens ?? 0,
    cached_input_tokens: added.usage?.cachedInputTokens ?? 0,
  })
}

type NewRow = Pick<
  Selectable<SessionTable>,
  | 'id'
  | 'owner'
  | 'source'
  | 'user_id'
  | 'title'
  | 'model'
  | 'system_prompt'
  | 'parent_session_id'
  | 'created_at'
  | 'updated_at'
  | 'message_count'
  | 'tool_call_count'
  | 'preview'
  | 'metadata'
>

const insertQuery = new PreparedQuery<GatewayTables, NewRow, InsertResult>((tx, row) =>
  tx
    .insertInto('session')
    .values({
      id: row.id,
      owner: row.owner,
      source: row.source,
      user_id: row.user_id,
      title: row.title,
      model: row.model,
      system_prompt: row.system_prompt,
      parent_session_id: row.parent_session_id,
      created_at: row.created_at,
      updated_at: row.updated_at,
      message_count: row.message_count,
      tool_call_count: row.tool_call_count,
      preview: row.preview,
      metadata: row.metadata,
    })
    .onConflict((conflict) => conflict.column('id').doNothing()),
)

type Added = Pick<
  Selectable<SessionTable>,
  | 'id'
  | 'updated_at'
  | 'message_count'
  | 'tool_call_count'
  | 'preview'
  | 'transcript_hash'
  | 'input_tokens'
  | 'output_tokens'
  | 'reasoning_tokens'
  | 'cached_input_tokens'
>

const touchQuery = new PreparedQuery<GatewayTables, Added, UpdateResult>((tx, added) =>
  tx
    .updateTable('session')
    .set(({ eb, fn, val }) => ({
      updated_at: added.updated_at,
      message_count: eb('message_count', '+', added.message_count),
      tool_call_count: eb('tool_call_count', '+', added.tool_call_count),
      preview: fn.coalesce(val(added.preview), 'preview'),
      transcript_hash: fn.coalesce(val(added.transcript_hash), 'transcript_hash'),
      input_tokens: eb('input_tokens', '+', added.input_tokens),
      output_tokens: eb('output_tokens', '+', added.output_tokens),
      reasoning_tokens: eb('reasoning_tokens', '+', added.reasoning_tokens),
      cached_input_tokens: eb('cached_input_tokens', '+', added.cached_input_tokens),
    }))
    .where('id', '=', added.id),
)
