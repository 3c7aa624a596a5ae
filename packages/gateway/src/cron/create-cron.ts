import { createId } from '@talaria/core'
import type { ChatAddress, CronJob } from '@talaria/db'
import { ApiError } from '../api/api-error.ts'
import { CronScheduler, type CronSchedulerOptions } from './cron-scheduler.ts'
import { CreateJob } from './job-input.ts'
import { JobActions } from './job-actions.ts'
import { newDefinition, type JobDefaults } from './new-definition.ts'
import { planNext } from './plan-next.ts'

/** A job as chat commands show it. */
export interface CronListing {
  readonly id: string
  readonly name: string
  readonly schedule: string
  readonly isPaused: boolean
  readonly nextAt: number | undefined
}

/** A job that is made in a chat. */
export interface CronAddition {
  readonly schedule: string
  readonly prompt: string
  readonly owner: string
  /** Where its output goes; absent outside chats. */
  readonly origin?: ChatAddress
}

export interface CronOptions extends CronSchedulerOptions {
  readonly defaults: JobDefaults
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
  /** Makes a job; resolves with why not, in a sentence, when it cannot be. */
  add(job: CronAddition): Promise<CronListing | string>
  /** These take an id or a name, and are `false` when there is no such job. */
  run(job: string): Promise<boolean>
  pause(job: string): Promise<boolean>
  resume(job: string): Promise<boolean>
}

/** More jobs than a person looks through. */
const MAX_LISTED = 1_000

/** Of its prompt, for a job that nobody has named. */
const NAME_LENGTH = 40

/** Makes what fires jobs and runs them, and what chat commands do to them. */
export function createCron(options: CronOptions): Cron {
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
  const add = async ({ schedule, prompt, owner, origin }: CronAddition) => {
    const now = options.clock.now()
    const body = CreateJob.parse({ name: prompt.slice(0, NAME_LENGTH), prompt, schedule })
    const definition = newDefinition(body, { deliver: [origin ? 'origin' : 'session'], defaults: options.defaults, now })
    const job = { ...definition, origin: origin ?? null, id: createId('job', now), owner }
    const made = await store.create({ ...job, ...planNext(job, { now }) }, now)
    scheduler.wake()
    return made
  }
  return {
    scheduler,
    actions,
    platforms: options.platforms,
    start: () => scheduler.start(),
    wake: () => scheduler.wake(),
    add: (job) => add(job).then(listingOf, refusalOf),
    list: async () => (await all()).map(listingOf),
    run: (job) => found(job, (id) => actions.run(id, everybody)),
    pause: (job) => found(job, (id) => actions.pause(id, everybody)),
    resume: (job) => found(job, (id) => actions.resume(id, everybody)),
    [Symbol.asyncDispose]: () => scheduler[Symbol.asyncDispose](),
  }
}

/** What is wrong with what was asked for; anything else is thrown again. */
function refusalOf(error: unknown): string {
  if (error instanceof ApiError) return error.message
  throw error
}

function listingOf({ id, name, schedules, state, nextDueAt }: CronJob): CronListing {
  return { id, name, schedule: schedules.map(({ text }) => text).join('; '), isPaused: state === 'paused', nextAt: nextDueAt ?? undefined }
}
