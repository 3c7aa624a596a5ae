import { sql, type Selectable } from 'kysely'
import { z } from 'zod'
import { decodeJson } from '../../json-column.ts'
import { PreparedQuery } from '../../prepared-query.ts'
import type { Transaction } from '../../scope.ts'
import type { GatewayTables } from '../tables.ts'
import { addressColumns, addressOf } from './address.ts'
import type { NewOutbound, Outbound, OutboundKind, OutboundState } from './chat-records.ts'
import type { OutboundTable } from './chat-tables.ts'
import { chatIsParked, hasHead } from './outbound-queue.ts'

const AttachmentsColumn = z.array(
  z.object({ kind: z.enum(['image', 'audio', 'voice', 'video', 'document']), path: z.string(), name: z.string(), mediaType: z.string() }),
)

/** A row of the outbox as the stores give it. */
export function outboundOf(row: Selectable<OutboundTable>): Outbound {
  return {
    id: row.id,
    position: row.position,
    group: row.group_id,
    chunk: row.chunk,
    address: addressOf(row),
    kind: row.kind as OutboundKind,
    text: row.text,
    attachments: decodeJson(row.attachments, AttachmentsColumn, 'outbound.attachments'),
    replyTo: row.reply_to,
    sessionKey: row.session_key,
    turnId: row.turn_id,
    silent: row.silent === 1,
    sentMessageId: row.sent_message_id,
    state: row.state as OutboundState,
    attempts: row.attempts,
    dueAt: row.due_at,
    uncertain: row.uncertain === 1,
    code: row.code,
    error: row.error,
    runner: row.runner,
    messageId: row.message_id,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  }
}

/** Writes chunks at the end of their chats' queues: due at once where nothing waits before them, set aside where the chat takes nothing. */
export async function insertOutbound(tx: Transaction<GatewayTables>, chunks: readonly NewOutbound[], now: number): Promise<readonly Outbound[]> {
  const rows: Outbound[] = []
  for (const chunk of chunks) {
    const row = await insertQuery.first(tx, {
      ...addressColumns(chunk.address),
      id: chunk.id,
      group_id: chunk.group,
      chunk: chunk.chunk,
      kind: chunk.kind,
      text: chunk.text,
      attachments: JSON.stringify(chunk.attachments),
      reply_to: chunk.replyTo ?? null,
      session_key: chunk.sessionKey ?? null,
      turn_id: chunk.turnId ?? null,
      silent: chunk.silent ? 1 : 0,
      sent_message_id: chunk.sentMessageId ?? null,
      uncertain: chunk.uncertain ? 1 : 0,
      created_at: now,
    })
    rows.push(outboundOf(row!))
  }
  return rows
}

type NewRow = Pick<
  Selectable<OutboundTable>,
  | 'id'
  | 'group_id'
  | 'chunk'
  | 'platform'
  | 'account'
  | 'chat_id'
  | 'thread_id'
  | 'kind'
  | 'text'
  | 'attachments'
  | 'reply_to'
  | 'session_key'
  | 'turn_id'
  | 'silent'
  | 'sent_message_id'
  | 'uncertain'
  | 'created_at'
>

const insertQuery = new PreparedQuery<GatewayTables, NewRow, Selectable<OutboundTable>>((tx, row) =>
  tx
    .insertInto('outbound')
    .values({
      id: row.id,
      group_id: row.group_id,
      chunk: row.chunk,
      platform: row.platform,
      account: row.account,
      chat_id: row.chat_id,
      thread_id: row.thread_id,
      kind: row.kind,
      text: row.text,
      attachments: row.attachments,
      reply_to: row.reply_to,
      session_key: row.session_key,
      turn_id: row.turn_id,
      silent: row.silent,
      sent_message_id: row.sent_message_id,
      uncertain: row.uncertain,
      created_at: row.created_at,
      state: sql<string>`case when ${chatIsParked(row)} then 'parked' else 'pending' end`,
      due_at: sql<number | null>`case when ${chatIsParked(row)} or ${hasHead(row)} then null else ${row.created_at} end`,
    })
    .returningAll(),
)
