import { sql } from 'kysely'
import type { BoardRemoval } from './board-removal.ts'
import { STEP_ROWS } from './board-removal.ts'

/** Runs looked at in one step. */
const STEP_RUNS = 100

interface Before {
  readonly endedBefore: number
  /** Of tasks that were deleted before this, which are purged next, everything goes. */
  readonly deletedBefore: number
}

interface Said {
  readonly runId: string
  /** Entries of one run are removed a few at a time: a worker may have said very much. */
  readonly seq: number
}

const isDue = ({ endedBefore, deletedBefore }: Before) =>
  sql<number>`(run.id is null or run.ended_at < ${endedBefore} or task.deleted_at < ${deletedBefore} or task.number is null)`

/** What workers said in runs that ended before a time. */
export function oldTranscripts(before: Before): BoardRemoval<Said> {
  return {
    find: async (db, after = { runId: '', seq: -1 }) => {
      // From run to run, not from entry to entry: those that stay are many.
      const { rows: runs } = await sql<{ id: string; isDue: number }>`
        with recursive walked (id, n) as (
          select (select min(run_id) from transcript where run_id >= ${after.runId}), 1
          union all
          select (select min(run_id) from transcript where run_id > walked.id), n + 1 from walked where id is not null and n < ${STEP_RUNS}
        )
        select walked.id, ${isDue(before)} as isDue from walked
        left join run on run.id = walked.id left join task on task.number = run.task_number
        where walked.id is not null order by walked.id`.execute(db)
      const due: Said[] = []
      for (const run of runs) {
        if (run.isDue !== 1) continue
        const entries = await db
          .selectFrom('transcript')
          .select('seq')
          .where('run_id', '=', run.id)
          .where('seq', '>', run.id === after.runId ? after.seq : -1)
          .orderBy('seq')
          .limit(STEP_ROWS - due.length)
          .execute()
        due.push(...entries.map(({ seq }) => ({ runId: run.id, seq })))
        if (due.length === STEP_ROWS) return { due, next: due.at(-1) }
      }
      return { due, next: runs.length === STEP_RUNS ? { runId: runs.at(-1)!.id, seq: Number.MAX_SAFE_INTEGER } : undefined }
    },
    remove: async (tx, due) => {
      let removed = 0
      for (const [runId, entries] of Map.groupBy(due, (entry) => entry.runId)) {
        const { numDeletedRows } = await tx
          .deleteFrom('transcript')
          .where('run_id', '=', runId)
          .where('seq', '<=', entries.at(-1)!.seq)
          .where('seq', '>=', entries[0]!.seq)
          .executeTakeFirstOrThrow()
        removed += Number(numDeletedRows)
      }
      return removed
    },
  }
}

/** What workers were told in runs that ended before a time. */
export function oldSteering(before: Before): BoardRemoval<string> {
  return {
    find: async (db, after = '') => {
      const page = await db
        .selectFrom('steering')
        .leftJoin('run', 'run.id', 'steering.run_id')
        .leftJoin('task', 'task.number', 'run.task_number')
        .select(['steering.id', isDue(before).as('isDue')])
        .where('steering.id', '>', after)
        .orderBy('steering.id')
        .limit(STEP_ROWS)
        .execute()
      return { due: page.filter((row) => row.isDue === 1).map(({ id }) => id), next: page.length === STEP_ROWS ? page.at(-1)!.id : undefined }
    },
    remove: async (tx, due) => Number((await tx.deleteFrom('steering').where('id', 'in', due).executeTakeFirstOrThrow()).numDeletedRows),
  }
}
