import type { UpdateResult } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Snapshot, Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { BoardError } from './board-error.ts'
import type { Actor, RunWish } from './records.ts'
import type { BoardTables } from './tables.ts'

/** What is wanted of a running worker, by whom and why. */
export interface NewWish {
  readonly runId: string
  readonly wish: RunWish
  readonly reason: string
  readonly actor: Actor
}

/**
 * Writes down what is wanted of a worker; false when its run is over. Whoever is to stop stops: no later wish takes
 * that back.
 *
 * @throws BoardError `RUN_NOT_FOUND`
 */
export async function wishOfRun(tx: Transaction<BoardTables>, { runId, wish, reason, actor }: NewWish, at: number): Promise<boolean> {
  const run = await requireRun(tx, runId)
  if (run.ended_at !== null || (run.wish === 'stop' && wish !== 'stop')) return false
  await wishQuery.run(tx, { id: runId, wish, reason, at })
  await appendEvent(tx, { kind: 'run.wish', actor, payload: { wish, reason }, taskNumber: run.task_number, runId, at })
  return true
}

/** A run as far as it matters to who wants something of it. @throws BoardError `RUN_NOT_FOUND` */
export async function requireRun(db: Snapshot<BoardTables>, runId: string) {
  const run = await db.selectFrom('run').select(['task_number', 'wish', 'ended_at']).where('id', '=', runId).executeTakeFirst()
  if (run) return run
  throw new BoardError('RUN_NOT_FOUND', `There is no run ${runId.slice(0, 80)} on this board.`, { details: { runId: runId.slice(0, 80) } })
}

const wishQuery = new PreparedQuery<BoardTables, { id: string; wish: string; reason: string; at: number }, UpdateResult>((tx, { id, wish, reason, at }) =>
  tx.updateTable('run').set({ wish, wish_reason: reason, wish_at: at }).where('id', '=', id),
)
