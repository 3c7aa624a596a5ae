import type { Transaction } from '../../scope.ts'
import type { GatewayTables } from '../tables.ts'

/** Removes a few rows in one write; how many. */
type Removal = (tx: Transaction<GatewayTables>, limit: number) => Promise<number>

/** The history of jobs that were deleted, but for what still runs. */
export const removeRunsOfDeletedJobs: Removal = async (tx, limit) => {
  const rows = await tx
    .selectFrom('cron_job')
    .innerJoin('cron_run', 'cron_run.job_id', 'cron_job.id')
    .select('cron_run.id')
    .where('cron_job.deleted_at', 'is not', null)
    .where('cron_run.finished_at', 'is not', null)
    .limit(limit)
    .execute()
  return removeRuns(tx, rows)
}

/** Runs that ended so long ago, unless they are among the newest of their job. */
export function removeRunsBefore(before: number, keep: number): Removal {
  return async (tx, limit) => {
    const rows = await tx
      .selectFrom('cron_run as run')
      .select('run.id')
      .where('run.finished_at', '<', before)
      // Whether there are that many newer ones: found in as many steps, however long the history is.
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('cron_run as newer')
            .select('newer.id')
            .whereRef('newer.job_id', '=', 'run.job_id')
            .whereRef('newer.id', '>', 'run.id')
            .limit(1)
            .offset(keep - 1),
        ),
      )
      .limit(limit)
      .execute()
    return removeRuns(tx, rows)
  }
}

/** Jobs that were deleted and of which nothing is left. */
export async function removeDeletedJobs(tx: Transaction<GatewayTables>): Promise<void> {
  await tx
    .deleteFrom('cron_job')
    .where('deleted_at', 'is not', null)
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('cron_run').select('cron_run.id').whereRef('cron_run.job_id', '=', 'cron_job.id'))))
    .execute()
}

async function removeRuns(tx: Transaction<GatewayTables>, rows: readonly { readonly id: string }[]): Promise<number> {
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await tx.deleteFrom('cron_run').where('id', 'in', ids).execute()
  return ids.length
}
