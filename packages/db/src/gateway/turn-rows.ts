import { sql, type InsertResult, type Selectable } from 'kysely'
import { z } from 'zod'
import { decodeJson, decodeNullableJson } from '../json-column.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import type { NewTurn, Turn, TurnEvent, TurnKind, TurnStatus } from './records.ts'
import { JsonObject } from './session-rows.ts'
import type { GatewayTables, TurnEventTable, TurnTable } from './tables.ts'

const UsageColumn = z.object({ inputTokens: z.number(), outputTokens: z.number(), reasoningTokens: z.number(), cachedInputTokens: z.number() })
const ErrorColumn = z.object({ code: z.string(), message: z.string() })

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

type NewRow = Pick<Selectable<TurnTable>, 'id' | 'owner' | 'session_id' | 'kind' | 'status' | 'model' | 'created_at' | 'updated_at' | 'request' | 'runner'>

const insertQuery = new PreparedQuery<GatewayTables, NewRow, InsertResult>((tx, row) =>
  tx.insertInto('turn').values({
    id: row.id,
    owner: row.owner,
    session_id: row.session_id,
    kind: row.kind,
    status: row.status,
    model: row.model,
    created_at: row.created_at,
    updated_at: row.updated_at,
    request: row.request,
    runner: row.runner,
  }),
)

/** A turn as it is once it has been accepted. */
export function acceptedTurn(turn: NewTurn, sessionId: string, acceptedAt: number): Turn {
  return {
    ...turn,
    sessionId,
    createdAt: acceptedAt,
    updatedAt: acceptedAt,
    finishedAt: null,
    output: null,
    finishReason: null,
    usage: null,
    error: null,
    lastSeq: 0,
  }
}

/** Writes a turn at its beginning, and gives it back as it is now. */
export async function insertTurn(tx: Transaction<GatewayTables>, turn: NewTurn, sessionId: string, now: number): Promise<Turn> {
  await insertQuery.run(tx, {
    id: turn.id,
    owner: turn.owner,
    session_id: sessionId,
    kind: turn.kind,
    status: turn.status,
    model: turn.model,
    created_at: now,
    updated_at: now,
    request: JSON.stringify(turn.request),
    runner: turn.runner,
  })
  return acceptedTurn(turn, sessionId, now)
}

type Ending = Pick<
  Selectable<TurnTable>,
  'id' | 'runner' | 'status' | 'output' | 'finish_reason' | 'usage' | 'error' | 'last_seq' | 'updated_at' | 'finished_at'
>

/** Ends a turn unless it has ended or is another runner's; its session, if it was ended. */
export const endQuery = new PreparedQuery<GatewayTables, Ending, { session_id: string }>((tx, ending) =>
  tx
    .updateTable('turn')
    .set({
      status: ending.status,
      output: ending.output,
      finish_reason: ending.finish_reason,
      usage: ending.usage,
      error: ending.error,
      last_seq: ending.last_seq,
      updated_at: ending.updated_at,
      finished_at: ending.finished_at,
    })
    .where('id', '=', ending.id)
    .where('runner', '=', ending.runner)
    .where('finished_at', 'is', null)
    .returning('session_id'),
)

const openQuery = new PreparedQuery<GatewayTables, { ids: string }, { id: string; runner: string }>((tx, { ids }) =>
  tx
    .selectFrom('turn')
    .select(['id', 'runner'])
    .where('id', 'in', sql<string>`(select value from json_each(${ids}))`)
    .where('finished_at', 'is', null),
)

/** Those turns of these events that have not ended, and are this runner's. */
export async function openTurns(tx: Transaction<GatewayTables>, events: readonly TurnEvent[], runner: string): Promise<ReadonlySet<string>> {
  const ids = [...new Set(events.map((event) => event.turnId))]
  const { rows } = await openQuery.run(tx, { ids: JSON.stringify(ids) })
  return new Set(rows.filter((row) => row.runner === runner).map((row) => row.id))
}

/** Writes events of any number of turns in one statement, which is the same however many they are. */
export async function insertEvents(tx: Transaction<GatewayTables>, events: readonly TurnEvent[]): Promise<void> {
  if (events.length > 0) await eventsQuery.run(tx, { rows: JSON.stringify(events.map(columnsOf)) })
}

const eventsQuery = new PreparedQuery<GatewayTables, { rows: string }, InsertResult>((tx, { rows }) =>
  tx
    .insertInto('turn_event')
    .columns(['turn_id', 'seq', 'type', 'data', 'created_at'])
    .expression(sql`select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from json_each(${rows})`),
)

function columnsOf(event: TurnEvent) {
  return [event.turnId, event.seq, event.type, JSON.stringify(event.data), event.createdAt]
}
