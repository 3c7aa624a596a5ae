import { sql } from 'kysely'
import type { Database } from '../../database.ts'
import { encodeJson } from '../../json-column.ts'
import { insertOutbound } from '../chats/outbound-rows.ts'
import type { Viewer } from '../records.ts'
import type { GatewayTables } from '../tables.ts'
import { ownedBy } from '../viewer.ts'
import type { CronJob, CronRun, CronRunState, CronSettlement } from './cron-records.ts'
import { removeDeletedJobs, removeRunsBefore, removeRunsOfDeletedJobs } from './cron-removals.ts'
import { cronJobOf, cronRunOf } from './cron-rows.ts'

/** Rows looked at, or removed, in one write. */
const STEP_ROWS = 200

/** A run that its process may begin, with the job as it is now. */
export interface ClaimedCronRun {
  readonly job: CronJob
  readonly run: CronRun
}

/** Runs of jobs from the time they are due to their end. Every write after the claim names the runner, so that a late one matches nothing. */
export class CronRunStore {
  readonly #database: Database<GatewayTables>

  constructor(database: Database<GatewayTables>) {
    this.#database = database
  }

  /** Newest first. */
  list(jobId: string, query: { readonly limit: number; readonly after?: string }): Promise<readonly CronRun[]> {
    return this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('cron_run')
        .selectAll()
        .where('job_id', '=', jobId)
        .$if(query.after !== undefined, (select) => select.where('id', '<', query.after!))
        .orderBy('id', 'desc')
        .limit(query.limit)
        .execute()
      return rows.map(cronRunOf)
    })
  }

  get(jobId: string, id: string): Promise<CronRun | undefined> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('cron_run').selectAll().where('job_id', '=', jobId).where('id', '=', id).executeTakeFirst()
      return row && cronRunOf(row)
    })
  }

  /** What waits and what runs of the jobs of this viewer, in the order in which it will be run. */
  queue(viewer: Viewer, limit: number): Promise<readonly CronRun[]> {
    return this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('cron_run')
        .selectAll()
        .where('state', 'in', ['queued', 'running'])
        .where('job_id', 'in', db.selectFrom('cron_job').select('id').$call(ownedBy(viewer)))
        .orderBy('state', 'desc')
        .orderBy('run_at')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(cronRunOf)
    })
  }

  /**
   * Takes runs that are due for a runner, first those that wait longest, as far as `maxRunning` of the whole home lets it.
   * Of one job there is one at a time.
   */
  async claim({ runner, now, maxRunning }: { readonly runner: string; readonly now: number; readonly maxRunning: number }): Promise<readonly ClaimedCronRun[]> {
    if (!(await this.#mayClaim(now, maxRunning))) return []
    return this.#database.write(async (tx) => {
      const running = await tx.selectFrom('cron_run').select('job_id').where('state', '=', 'running').execute()
      const busy = new Set(running.map(({ job_id }) => job_id))
      const waiting = await tx
        .selectFrom('cron_run')
        .select(['id', 'job_id'])
        .where('state', '=', 'queued')
        .where('run_at', '<=', now)
        .orderBy('run_at')
        .orderBy('id')
        .limit(STEP_ROWS)
        .execute()
      const claimed: ClaimedCronRun[] = []
      for (const { id, job_id } of waiting) {
        if (running.length + claimed.length >= maxRunning) break
        if (busy.has(job_id)) continue
        busy.add(job_id)
        const row = await tx
          .updateTable('cron_run')
          .set((eb) => ({ state: 'running', runner, started_at: now, attempt: eb('attempt', '+', 1), error: null }))
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow()
        const job = await tx.selectFrom('cron_job').selectAll().where('id', '=', job_id).executeTakeFirstOrThrow()
        claimed.push({ job: cronJobOf(job), run: cronRunOf(row) })
      }
      return claimed
    })
  }

  /** Notes which turn does the work. */
  begun(id: string, runner: string, { turnId, sessionId }: { readonly turnId: string; readonly sessionId: string }): Promise<boolean> {
    return this.#set(id, runner, { turn_id: turnId, session_id: sessionId })
  }

  /** Has a run begin again later; `isAttempt` when this one counts. */
  retry(id: string, runner: string, { at, error, isAttempt }: { readonly at: number; readonly error: CronRun['error']; readonly isAttempt: boolean }) {
    return this.#set(id, runner, {
      state: 'queued',
      runner: null,
      run_at: at,
      error: encodeJson(error),
      ...(!isAttempt && { attempt: sql<number>`attempt - 1` }),
    })
  }

  /**
   * Ends a run, once, with the messages that it sends, and notes with its job how it went; false when it has ended
   * already, or another runner has taken it over.
   */
  settle(id: string, runner: string, settlement: CronSettlement): Promise<boolean> {
    const { state, output, usage, error, deliveries, outbound, finishedAt } = settlement
    return this.#database.write(async (tx) => {
      const row = await tx
        .updateTable('cron_run')
        .set({ state, output, usage: encodeJson(usage), error: encodeJson(error), deliveries: JSON.stringify(deliveries), finished_at: finishedAt })
        .where('id', '=', id)
        .where('runner', '=', runner)
        .where('state', '=', 'running')
        .returning(['job_id', 'started_at'])
        .executeTakeFirst()
      if (!row) return false
      await tx
        .updateTable('cron_job')
        .set((eb) => ({
          last_run_at: row.started_at,
          last_status: state,
          last_error: error?.message ?? null,
          // Somebody ended a run that was cancelled: that says nothing about the job.
          ...(state !== 'cancelled' && { failure_streak: state === 'completed' ? 0 : eb('failure_streak', '+', 1) }),
        }))
        .where('id', '=', row.job_id)
        .execute()
      await insertOutbound(tx, outbound, finishedAt)
      return true
    })
  }

  /** Everything that runs, whoever runs it. */
  running(): Promise<readonly ClaimedCronRun[]> {
    return this.#database.read(async (db) => {
      const runs = await db.selectFrom('cron_run').selectAll().where('state', '=', 'running').execute()
      const jobs = await db
        .selectFrom('cron_job')
        .selectAll()
        .where('id', 'in', [...new Set(runs.map(({ job_id }) => job_id))])
        .execute()
      const jobOf = new Map(jobs.map((row) => [row.id, cronJobOf(row)]))
      return runs.flatMap((run) => {
        const job = jobOf.get(run.job_id)
        return job ? [{ job, run: cronRunOf(run) }] : []
      })
    })
  }

  /** Takes a run over from a runner that is no more, so that only the caller may settle it; false when somebody was faster. */
  adopt(id: string, deadRunner: string, runner: string): Promise<boolean> {
    return this.#set(id, deadRunner, { runner })
  }

  /** When there is something to do next, after `now`: a job is due, or a run may begin. `undefined` when nothing is planned. */
  nextAt(now: number): Promise<number | undefined> {
    return this.#database.read(async (db) => {
      const job = await db
        .selectFrom('cron_job')
        .select('next_due_at as at')
        .where('state', '=', 'scheduled')
        .where('next_due_at', '>', now)
        .orderBy('next_due_at')
        .limit(1)
        .executeTakeFirst()
      const run = await db
        .selectFrom('cron_run')
        .select('run_at as at')
        .where('state', '=', 'queued')
        .where('run_at', '>', now)
        .orderBy('run_at')
        .limit(1)
        .executeTakeFirst()
      const times = [job?.at, run?.at].filter((at) => at != null)
      return times.length > 0 ? Math.min(...times) : undefined
    })
  }

  /** For metrics: jobs whose time has come, runs by state as far as they are not over, and since when the oldest waits. */
  backlog(now: number): Promise<{ readonly due: number; readonly queued: number; readonly running: number; readonly oldestDueAt: number | undefined }> {
    return this.#database.read(async (db) => {
      const due = await db
        .selectFrom('cron_job')
        .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min('next_due_at').as('oldest')])
        .where('state', '=', 'scheduled')
        .where('next_due_at', '<=', now)
        .executeTakeFirstOrThrow()
      const states = await db
        .selectFrom('cron_run')
        .select(({ fn }) => ['state', fn.countAll<number>().as('count'), fn.min('due_at').as('oldest')])
        .where('state', 'in', ['queued', 'running'] satisfies CronRunState[])
        .groupBy('state')
        .execute()
      const of = (state: CronRunState) => states.find((row) => row.state === state)
      const waiting = [due.oldest, of('queued')?.oldest].filter((at) => at != null)
      return {
        due: due.count,
        queued: of('queued')?.count ?? 0,
        running: of('running')?.count ?? 0,
        oldestDueAt: waiting.length > 0 ? Math.min(...waiting) : undefined,
      }
    })
  }

  /**
   * Removes what ended before `before` and is not among the newest `keep` of its job, and whatever is left of deleted
   * jobs; a small step at a time until nothing is left, or `signal` aborts. Returns how many runs went.
   */
  async prune({ before, keep }: { readonly before: number; readonly keep: number }, signal?: AbortSignal): Promise<number> {
    let removed = 0
    for (const step of [removeRunsOfDeletedJobs, removeRunsBefore(before, keep)]) {
      for (let rows = STEP_ROWS; rows === STEP_ROWS && !signal?.aborted; removed += rows) rows = await this.#database.write((tx) => step(tx, STEP_ROWS))
    }
    await this.#database.write(removeDeletedJobs)
    return removed
  }

  /** Whether there is something to claim: a write that finds nothing would wake everybody who follows the changes. */
  #mayClaim(now: number, maxRunning: number): Promise<boolean> {
    return this.#database.read(async (db) => {
      const running = await db.selectFrom('cron_run').select('job_id').where('state', '=', 'running').execute()
      if (running.length >= maxRunning) return false
      const waiting = await db
        .selectFrom('cron_run')
        .select('id')
        .where('state', '=', 'queued')
        .where('run_at', '<=', now)
        .$if(running.length > 0, (select) =>
          select.where(
            'job_id',
            'not in',
            running.map((row) => row.job_id),
          ),
        )
        .limit(1)
        .executeTakeFirst()
      return waiting !== undefined
    })
  }

  /** Changes a run that is this runner's and runs. */
  #set(id: string, runner: string, columns: Record<string, unknown>): Promise<boolean> {
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('cron_run')
        .set(columns)
        .where('id', '=', id)
        .where('runner', '=', runner)
        .where('state', '=', 'running')
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }
}
