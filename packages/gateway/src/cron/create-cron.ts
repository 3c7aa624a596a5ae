import type { CronJob } from '@talaria/db'
import { CronScheduler, type CronSchedulerOptions } from './cron-scheduler.ts'
import { JobActions } from './job-actions.ts'

/** A job as chat commands show it. */
export interface CronListing {
  readonly id: string
  readonly name: string
  readonly schedule: string
  readonly isPaused: boolean
  readonly nextAt: number | undefined
}

/** Jobs that run at set times. Opens nothing before {@link start}. */
export interface Cron extends AsyncDisposable {
  readonly scheduler: CronScheduler
  readonly actions: JobActions
  /** Names of platforms that output may be sent to. */
  readonly platforms: readonly string[]
  start(): void
  /** Whoever changed a job says so, that nobody need wait to be told by the database. */
  wake(): void
  list(): Promise<readonly CronListing[]>
  /** These take an id or a name, and are `false` when there is no such job. */
  run(job: string): Promise<boolean>
  pause(job: string): Promise<boolean>
  resume(job: string): Promise<boolean>
}

/** More jobs than a person looks through. */
const MAX_LISTED = 1_000

/** Makes what fires jobs and runs them, and what chat commands do to them. */
export function createCron(options: CronSchedulerOptions): Cron {
  const { cron: store } = options.stores
  const scheduler = new CronScheduler(options)
  const actions = new JobActions(store, options.clock)
  const everybody = { all: true } as const
  const all = () => store.list(everybody, { limit: MAX_LISTED })
  const found = async (nameOrId: string, act: (id: string) => Promise<unknown>) => {
    const job = (await store.get(nameOrId, everybody)) ?? (await all()).find(({ name }) => name === nameOrId)
    const done = job && (await act(job.id))
    scheduler.wake()
    return done !== undefined
  }
  return {
    scheduler,
    actions,
    platforms: options.platforms,
    start: () => scheduler.start(),
    wake: () => scheduler.wake(),
    list: async () => (await all()).map(listingOf),
    run: (job) => found(job, (id) => actions.run(id, everybody)),
    pause: (job) => found(job, (id) => actions.pause(id, everybody)),
    resume: (job) => found(job, (id) => actions.resume(id, everybody)),
    [Symbol.asyncDispose]: () => scheduler[Symbol.asyncDispose](),
  }
}

function listingOf({ id, name, schedules, state, nextDueAt }: CronJob): CronListing {
  return { id, name, schedule: schedules.map(({ text }) => text).join('; '), isPaused: state === 'paused', nextAt: nextDueAt ?? undefined }
}
