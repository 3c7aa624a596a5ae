import { sql, type Selectable, type UpdateResult } from 'kysely'
import { DatabaseError } from '../../errors.ts'
import { decodeJson } from '../../json-column.ts'
import { PreparedQuery } from '../../prepared-query.ts'
import type { Transaction } from '../../scope.ts'
import type { NewTurn } from '../records.ts'
import { JsonObject } from '../session-rows.ts'
import type { GatewayTables } from '../tables.ts'
import { addressOf } from './address.ts'
import type { BusyMode, Inbound, InboundState } from './chat-records.ts'
import type { InboundTable } from './chat-tables.ts'

/** An inbound message out of its row. */
export function inboundOf(row: Selectable<InboundTable>): Inbound {
  return {
    id: row.id,
    position: row.position,
    address: addressOf(row),
    messageId: row.message_id,
    sessionKey: row.session_key,
    sender: { id: row.sender_id, name: row.sender_name },
    body: decodeJson(row.body, JsonObject, 'inbound.body'),
    mode: row.mode as BusyMode,
    state: row.state as InboundState,
    reason: row.reason,
    runner: row.runner,
    turnId: row.turn_id,
    receivedAt: row.received_at,
    finishedAt: row.finished_at,
  }
}

/**
 * Says which turn answers these messages.
 *
 * @throws DatabaseError `CLAIM_LOST` when the turn's runner has not taken them, or not any more: another process answers them.
 */
export async function assignInbound(tx: Transaction<GatewayTables>, ids: readonly string[], turn: Pick<NewTurn, 'id' | 'runner'>): Promise<void> {
  if (ids.length === 0) return
  const { numAffectedRows } = await assignQuery.run(tx, { ids: JSON.stringify(ids), turn_id: turn.id, runner: turn.runner })
  if (numAffectedRows !== BigInt(ids.length)) throw new DatabaseError('CLAIM_LOST', 'Another process took these messages over.')
}

/** How messages are finished; `null` keeps what is known. */
export interface InboundEnd {
  readonly state: 'done' | 'discarded'
  readonly turnId: string | null
  readonly reason: string | null
  readonly now: number
}

/** Finishes those of these messages that are not finished yet. */
export async function finishInbound(tx: Transaction<GatewayTables>, ids: readonly string[], end: InboundEnd): Promise<void> {
  if (ids.length === 0) return
  await finishQuery.run(tx, { ids: JSON.stringify(ids), state: end.state, turn_id: end.turnId, reason: end.reason, finished_at: end.now })
}

/** One statement, however many there are. */
const listed = (ids: string) => sql<string>`(select value from json_each(${ids}))`

const assignQuery = new PreparedQuery<GatewayTables, { ids: string; turn_id: string; runner: string }, UpdateResult>((tx, { ids, turn_id, runner }) =>
  tx
    .updateTable('inbound')
    .set({ turn_id })
    .where('id', 'in', listed(ids))
    // The plus keeps SQLite from looking through all that the runner has taken.
    .where(sql<boolean>`+runner = ${runner}`)
    .where('state', '=', 'taken'),
)

type Finish = { ids: string; state: string; turn_id: string | null; reason: string | null; finished_at: number }

const finishQuery = new PreparedQuery<GatewayTables, Finish, UpdateResult>((tx, { ids, state, turn_id, reason, finished_at }) =>
  tx
    .updateTable('inbound')
    .set(({ fn, val }) => ({
      state,
      turn_id: fn.coalesce(val(turn_id), 'turn_id'),
      reason: fn.coalesce(val(reason), 'reason'),
      finished_at,
    }))
    .where('id', 'in', listed(ids))
    .where('finished_at', 'is', null),
)
