import { type Selectable } from 'kysely'
import { z } from 'zod'
import { decodeJson } from '../json-column.ts'
import type { Transaction } from '../scope.ts'
import type { MessageTotals } from './message-rows.ts'
import type { NewSession, Session, TokenUsage } from './records.ts'
import type { GatewayTables, SessionTable } from './tables.ts'

export const JsonObject = z.record(z.string(), z.unknown())

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

/** Inserts a session unless one with its id is there already, deleted ones included; whether it was inserted. */
export async function insertSession(tx: Transaction<GatewayTables>, session: NewSession, now: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('session')
    .values({
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
      ended_at: null,
      end_reason: null,
      pinned: 0,
      archived: 0,
      hidden: 0,
      unread: 0,
      message_count: 0,
      tool_call_count: 0,
      input_tokens: 0,
      output_tokens: 0,
      reasoning_tokens: 0,
      cached_input_tokens: 0,
      preview: null,
      metadata: JSON.stringify(session.metadata ?? {}),
      transcript_hash: null,
      deleted_at: null,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

/** Counts what was added to a session, and moves it to the top of the list. */
export async function touchSession(
  tx: Transaction<GatewayTables>,
  sessionId: string,
  added: MessageTotals & { readonly usage?: TokenUsage | null; readonly transcriptHash?: string },
  now: number,
): Promise<void> {
  const { usage, preview, transcriptHash } = added
  await tx
    .updateTable('session')
    .set((row) => ({
      updated_at: now,
      message_count: row('message_count', '+', added.messages),
      tool_call_count: row('tool_call_count', '+', added.toolCalls),
      ...(preview !== undefined && { preview }),
      ...(transcriptHash !== undefined && { transcript_hash: transcriptHash }),
      ...(usage && {
        input_tokens: row('input_tokens', '+', usage.inputTokens),
        output_tokens: row('output_tokens', '+', usage.outputTokens),
        reasoning_tokens: row('reasoning_tokens', '+', usage.reasoningTokens),
        cached_input_tokens: row('cached_input_tokens', '+', usage.cachedInputTokens),
      }),
    }))
    .where('id', '=', sessionId)
    .execute()
}
