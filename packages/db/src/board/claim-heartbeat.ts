import { sql } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { addSpend } from './claim-spend.ts'
import type { RunWish, Spend } from './records.ts'
import type { BoardTables } from './tables.ts'

/** One worker's sign of life. */
export interface Heartbeat {
  readonly runId: string
  readonly fence: number
  /** What it has cost since the last one. */
  readonly spend?: Spend
  /** What it is doing, for people; the former stays when absent. */
  readonly note?: string
}

/** What came of heartbeats. */
export interface HeartbeatAnswer {
  /** Ids of runs that are over, or not these claims': their workers have nothing to say any more. */
  readonly lost: readonly string[]
  /** What the board wants of those that go on. */
  readonly wishes: readonly { readonly runId: string; readonly wish: RunWish; readonly reason: string | null }[]
}

/** Extends the leases of all of these whose claim is current, however many they are, and notes what they say. */
export async function extendLeases(tx: Transaction<BoardTables>, beats: readonly Heartbeat[], leaseMs: number, at: number): Promise<HeartbeatAnswer> {
  const runs = JSON.stringify(beats.map(({ runId, fence, note }) => ({ runId, fence, note })))
  const { rows: noted } = await newNotesQuery.run(tx, { runs })
  const { rows: alive } = await extendQuery.run(tx, { runs, at, expires: at + leaseMs })
  const taskOf = new Map(alive.map(({ id, task_number }) => [id, task_number]))
  for (const { id, task_number, note } of noted) {
    await appendEvent(tx, { kind: 'run.progress', actor: `worker:${id}`, payload: { note }, taskNumber: task_number, runId: id, at })
  }
  const costs = beats.flatMap(({ runId, spend }) => {
    const taskNumber = taskOf.get(runId)
    return spend && taskNumber !== undefined ? [{ runId, taskNumber, spend }] : []
  })
  await addSpend(tx, costs, at)
  return {
    lost: beats.filter(({ runId }) => !taskOf.has(runId)).map(({ runId }) => runId),
    wishes: alive.flatMap(({ id, wish, wish_reason }) => (wish === null ? [] : [{ runId: id, wish: wish as RunWish, reason: wish_reason }])),
  }
}

const beatsOf = (runs: string) =>
  sql<{
    id: string
    fence: number
    note: string | null
  }>`(select value ->> 'runId' as id, value ->> 'fence' as fence, value ->> 'note' as note from json_each(${runs}))`

const newNotesQuery = new PreparedQuery<BoardTables, { runs: string }, { id: string; task_number: number; note: string }>((tx, { runs }) =>
  tx
    .selectFrom(beatsOf(runs).as('beat'))
    .innerJoin('run', (join) => join.onRef('run.id', '=', 'beat.id').onRef('run.fence', '=', 'beat.fence'))
    .select(['run.id', 'run.task_number', 'beat.note'])
    .$narrowType<{ note: string }>()
    .where('run.ended_at', 'is', null)
    .where('beat.note', 'is not', null)
    .where(sql<boolean>`beat.note is not run.note`),
)

interface Extending {
  readonly runs: string
  readonly at: number
  readonly expires: number
}

interface AliveRow {
  readonly id: string
  readonly task_number: number
  readonly wish: string | null
  readonly wish_reason: string | null
}

const extendQuery = new PreparedQuery<BoardTables, Extending, AliveRow>((tx, { runs, at, expires }) =>
  tx
    .updateTable('run')
    .from(beatsOf(runs).as('beat'))
    .set({ lease_expires_at: expires, heartbeat_at: at, note: sql`coalesce(beat.note, run.note)` })
    .whereRef('run.id', '=', 'beat.id')
    .whereRef('run.fence', '=', 'beat.fence')
    .where('run.ended_at', 'is', null)
    .returning(['run.id', 'run.task_number', 'run.wish', 'run.wish_reason']),
)
