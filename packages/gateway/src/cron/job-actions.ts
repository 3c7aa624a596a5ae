import { createId, type Clock } from '@talaria/core'
import type { CronJob, CronRun, CronStore, KeptAnswer, Viewer } from '@talaria/db'
import { planNext } from './plan-next.ts'

/** What is done to jobs wherever it is asked for. Each finds nothing (`undefined`) where there is no such job to the viewer. */
export class JobActions {
  readonly #store: CronStore
  readonly #clock: Clock

  constructor(store: CronStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** No time of it fires until it is resumed; what is queued or runs goes on. */
  pause(id: string, viewer: Viewer, reason?: string): Promise<CronJob | undefined> {
    const now = this.#clock.now()
    const plan = { plannedAt: now, nextSlot: null, nextDueAt: null }
    return this.#store.update(id, viewer, { state: 'paused', pausedReason: reason ?? null, plan }, now)
  }

  /** Fires again from now on; times that passed meanwhile were not missed. */
  async resume(id: string, viewer: Viewer): Promise<CronJob | undefined> {
    const job = await this.#store.get(id, viewer)
    return job && this.#store.update(id, viewer, this.replanned(job), this.#clock.now())
  }

  /** Has it run once, now, in whatever state it is. */
  run(id: string, viewer: Viewer, kept?: KeptAnswer<{ job: CronJob; run: CronRun }>): Promise<{ job: CronJob; run: CronRun } | undefined> {
    const now = this.#clock.now()
    return this.#store.fireNow(id, viewer, { id: createId('fire', now), slot: now, dueAt: now, cause: 'manual', missed: 0 }, now, kept)
  }

  /** A plan from now on, and the state that comes of it. */
  replanned(job: CronJob) {
    const now = this.#clock.now()
    const plan = planNext(job, { now })
    if (plan.nextSlot !== null && (job.repeat === null || job.fired < job.repeat)) return { state: 'scheduled', plan } as const
    return { state: 'completed', plan: { plannedAt: now, nextSlot: null, nextDueAt: null } } as const
  }
}
