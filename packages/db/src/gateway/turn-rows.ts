import type { Selectable } from 'kysely'
import { z } from 'zod'
import { decodeJson, decodeNullableJson } from '../json-column.ts'
import type { Transaction } from '../scope.ts'
import type { Turn, TurnEvent, TurnKind, TurnStatus } from './records.ts'
import { JsonObject } from './session-rows.ts'
import type { GatewayTables, TurnEventTable, TurnTable } from './tables.ts'

const UsageColumn = z.object({ inputTokens: z.number(), outputTokens: z.number(), reasoningTokens: z.number(), cachedInputTokens: z.number() })
const ErrorColumn = z.object({ code: z.string(), message: z.string() })

/** Rows of an insert: with powers of two there are seven statements to prepare, not one for each number of events. */
const MOST_ROWS = 64

export function turnOf(row: Selectable<TurnTable>): Turn {
  return {
    id: row.id,
    owner: row.owner,
    sessionId: row.session_id,
    kind: row.kind as TurnKind,
    status: row.status as TurnStatus,
    model: row.model,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    finishedAt: row.finished_at,
    request: decodeJson(row.request, JsonObject, 'turn.request'),
    output: row.output,
    finishReason: row.finish_reason,
    usage: decodeNullableJson(row.usage, UsageColumn, 'turn.usage'),
    error: decodeNullableJson(row.error, ErrorColumn, 'turn.error'),
    lastSeq: row.last_seq,
    runner: row.runner,
  }
}

export function eventOf(row: Selectable<TurnEventTable>): TurnEvent {
  return { turnId: row.turn_id, seq: row.seq, type: row.type, data: decodeJson(row.data, JsonObject, 'turn_event.data'), createdAt: row.created_at }
}

/** Writes events of any number of turns, in as few statements as there are powers of two in their number. */
export async function insertEvents(tx: Transaction<GatewayTables>, events: readonly TurnEvent[]): Promise<void> {
  for (let from = 0; from < events.length; ) {
    const size = Math.min(MOST_ROWS, 2 ** Math.floor(Math.log2(events.length - from)))
    const rows = events.slice(from, from + size).map(rowOf)
    await tx.insertInto('turn_event').values(rows).execute()
    from += size
  }
}

function rowOf(event: TurnEvent) {
  return { turn_id: event.turnId, seq: event.seq, type: event.type, data: JSON.stringify(event.data), created_at: event.createdAt }
}
