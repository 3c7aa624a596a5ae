import type { Schedule } from '@talaria/core/schedule'
import type { Database } from '../../database.ts'
import type { Transaction } from '../../scope.ts'
import { keepAnswer, type KeptAnswer } from '../kept-answer.ts'
import type { Viewer } from '../records.ts'
import type { GatewayTables } from '../tables.ts'
import { ownedBy } from '../viewer.ts'
import type { CronJob, CronJobDefinition, CronJobState, CronPlan, CronRun, NewCronJob, NewCronRun } from './cron-records.ts'
import { cronJobOf, cronRunOf, definitionColumns, newRunRow } from './cron-rows.ts'

/** A clock may be set back by so much without anybody's plans being made anew. */
const CLOCK_TOLERANCE_MS = 60_000

/** What to change about a job. */
export interface CronJobChanges extends Partial<CronJobDefinition> {
  readonly state?: CronJobState
  readonly pausedReason?: string | null
  readonly plan?: CronPlan
}

/** What is written when a job fires: its runs, and when it fires next. */
export interface CronFiring extends CronPlan {
  readonly runs: readonly NewCronRun[]
  /** Intervals that begin anew, because the clock was set back. */
  readonly schedules?: readonly Schedule[]
}

/** Jobs, and their firing. The time is the caller's, because what it works out from a job and what is written must agree. */
export class CronStore {
  readonly #database: Database<GatewayTables>

  constructor(database: Database<GatewayTables>) {
    this.#database = database
  }

  create(job: NewCronJob, now: number, kept?: KeptAnswer<CronJob>): Promise<CronJob> {
    return this.#database.write(async (tx) => {
      const row = await tx
        .insertInto('cron_job')
        .values({
          ...(definitionColumns(job) as Required<ReturnType<typeof definitionColumns>>),
          id: job.id,
          owner: job.owner,
          fired: 0,
          state: 'scheduled',
          paused_at: null,
          paused_reason: null,
          created_at: now,
          updated_at: now,
          revision: 1,
          ...planColumns(job),
          last_run_at: null,
          last_status: null,
          last_error: null,
          failure_streak: 0,
          deleted_at: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      const created = cronJobOf(row)
      await keepAnswer(tx, kept, created)
      return created
    })
  }

  get(id: string, viewer: Viewer): Promise<CronJob | undefined> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('cron_job').selectAll().where('id', '=', id).where('deleted_at', 'is', null).$call(ownedBy(viewer)).executeTakeFirst()
      return row && cronJobOf(row)
    })
  }

  /** Oldest first, after the last id of the page before. */
  list(viewer: Viewer, query: { readonly limit: number; readonly after?: string }): Promise<readonly CronJob[]> {
    return this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('cron_job')
        .selectAll()
        .where('deleted_at', 'is', null)
        .$call(ownedBy(viewer))
        .$if(query.after !== undefined, (select) => select.where('id', '>', query.after!))
        .orderBy('id')
        .limit(query.limit)
        .execute()
      return rows.map(cronJobOf)
    })
  }

  /** Changes a job; `undefined` when there is none to this viewer, or it was changed since it was `revision`. */
  update(id: string, viewer: Viewer, changes: CronJobChanges & { readonly revision?: number }, now: number): Promise<CronJob | undefined> {
    const { state, pausedReason = null, plan, revision, ...definition } = changes
    return this.#database.write(async (tx) => {
      const row = await tx
        .updateTable('cron_job')
        .set((eb) => ({
          ...definitionColumns(definition),
          ...(state !== undefined && {
            state,
            paused_at: state === 'paused' ? now : null,
            paused_reason: state === 'paused' ? pausedReason : null,
          }),
          ...(plan && planColumns(plan)),
          updated_at: now,
          revision: eb('revision', '+', 1),
        }))
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .$if(revision !== undefined, (query) => query.where('revision', '=', revision!))
        .$call(ownedBy(viewer))
        .returningAll()
        .executeTakeFirst()
      return row && cronJobOf(row)
    })
  }

  /** Gone for every reader at once; what runs of it is told to end, and its history goes with {@link CronRunStore.prune}. */
  remove(id: string, viewer: Viewer, now: number): Promise<boolean> {
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('cron_job')
        .set((eb) => ({ deleted_at: now, next_slot: null, next_due_at: null, revision: eb('revision', '+', 1) }))
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .$call(ownedBy(viewer))
        .executeTakeFirstOrThrow()
      if (numUpdatedRows === 0n) return false
      await endActive(tx, id, { code: 'job_deleted', message: 'The job was deleted.' }, now)
      return true
    })
  }

  /** Jobs whose time has come, and jobs whose plan is of a time that the clock no longer shows. */
  due(now: number, limit: number): Promise<readonly CronJob[]> {
    return this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('cron_job')
        .selectAll()
        .where('state', '=', 'scheduled')
        .where('next_due_at', 'is not', null)
        .where(({ or, eb }) => or([eb('next_due_at', '<=', now), eb('planned_at', '>', now + CLOCK_TOLERANCE_MS)]))
        .orderBy('next_due_at')
        .limit(limit)
        .execute()
      return rows.map(cronJobOf)
    })
  }

  /**
   * Writes the runs of a job whose time has come, and its next time: once, whoever else does the same. A time that has a
   * run gets no second one, and what to do about a run that is not over is the job's to say.
   *
   * @returns false when the job has been fired, changed or deleted since it was read.
   */
  fire(job: CronJob, { runs, schedules, ...plan }: CronFiring, now: number): Promise<boolean> {
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('cron_job')
        .set((eb) => ({ ...planColumns(plan), ...(schedules && { schedules: JSON.stringify(schedules) }), revision: eb('revision', '+', 1) }))
        .where('id', '=', job.id)
        .where('revision', '=', job.revision)
        .where('state', '=', 'scheduled')
        .where('deleted_at', 'is', null)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows === 0n) return false
      const begun = await insertRuns(tx, job, runs, now)
      const fired = job.fired + begun
      const isOver = plan.nextSlot === null || (job.repeat !== null && fired >= job.repeat)
      await tx
        .updateTable('cron_job')
        .set({ fired, ...(isOver && { state: 'completed', next_slot: null, next_due_at: null }) })
        .where('id', '=', job.id)
        .execute()
      return true
    })
  }

  /** Has a job run now, whatever its schedule says; `undefined` when there is none to this viewer. */
  fireNow(id: string, viewer: Viewer, run: NewCronRun, now: number, kept?: KeptAnswer<{ job: CronJob; run: CronRun }>) {
    return this.#database.write(async (tx): Promise<{ job: CronJob; run: CronRun } | undefined> => {
      const row = await tx.selectFrom('cron_job').selectAll().where('id', '=', id).where('deleted_at', 'is', null).$call(ownedBy(viewer)).executeTakeFirst()
      if (!row) return undefined
      for (let { slot } = run; ; slot += 1) {
        const inserted = await tx
          .insertInto('cron_run')
          .values(newRunRow(id, { ...run, slot }, now))
          .onConflict((conflict) => conflict.columns(['job_id', 'slot']).doNothing())
          .returningAll()
          .executeTakeFirst()
        if (!inserted) continue
        const fired = { job: cronJobOf(row), run: cronRunOf(inserted) }
        await keepAnswer(tx, kept, fired)
        return fired
      }
    })
  }

  /** Yields at once and after every commit, until `signal` aborts. */
  changes(signal: AbortSignal): AsyncGenerator<void> {
    return this.#database.changes(signal)
  }
}

function planColumns({ plannedAt, nextSlot, nextDueAt }: CronPlan) {
  return { planned_at: plannedAt, next_slot: nextSlot, next_due_at: nextDueAt }
}

/** Writes the runs that have no row yet, as the job's overlap policy has them; how many are to be run. */
async function insertRuns(tx: Transaction<GatewayTables>, job: CronJob, runs: readonly NewCronRun[], now: number): Promise<number> {
  const active = await tx.selectFrom('cron_run').select('id').where('job_id', '=', job.id).where('state', 'in', ['queued', 'running']).execute()
  const isBusy = active.length > 0
  const before = new Set(active.map(({ id }) => id))
  let begun = 0
  for (const run of runs) {
    const isLate = run.cause === 'catch_up' && job.catchUp === 'all'
    const skipped = run.skipped ?? (isBusy && job.overlap === 'skip' && !isLate ? OVERLAP : undefined)
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('cron_run')
      .values(newRunRow(job.id, { ...run, ...(skipped && { skipped }) }, now))
      .onConflict((conflict) => conflict.columns(['job_id', 'slot']).doNothing())
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows === 1n && !skipped) begun += 1
  }
  if (begun > 0 && isBusy && job.overlap === 'replace') await endActive(tx, job.id, REPLACED, now, before)
  return begun
}

const OVERLAP = { code: 'overlap', message: 'The run before it was not over.' }
const REPLACED = { code: 'replaced', message: 'The next time of the job came before it was over.' }

/** Ends what waits of a job, and asks those who run something of it to end that. */
async function endActive(
  tx: Transaction<GatewayTables>,
  jobId: string,
  reason: { readonly code: string; readonly message: string },
  now: number,
  only?: ReadonlySet<string>,
): Promise<void> {
  const ids = only && [...only]
  await tx
    .updateTable('cron_run')
    .set({ state: 'cancelled', error: JSON.stringify(reason), finished_at: now })
    .where('job_id', '=', jobId)
    .where('state', '=', 'queued')
    .$if(ids !== undefined, (query) => query.where('id', 'in', ids!))
    .execute()
  await tx
    .updateTable('cron_run')
    .set({ cancel_reason: reason.code })
    .where('job_id', '=', jobId)
    .where('state', '=', 'running')
    .$if(ids !== undefined, (query) => query.where('id', 'in', ids!))
    .execute()
}
