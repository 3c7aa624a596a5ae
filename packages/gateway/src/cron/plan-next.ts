import { nextSlot } from '@talaria/core/schedule'
import type { CronJob, CronPlan } from '@talaria/db'
import { jitterOf } from './jitter.ts'

/** What a plan is made of. */
export type Planned = Pick<CronJob, 'id' | 'schedules' | 'timezone' | 'jitterMs'>

/** When a job fires next, after `after`. */
export function planNext(job: Planned, { now, after = now }: { readonly now: number; readonly after?: number }): CronPlan {
  const slot = nextSlot(job, after)
  return { plannedAt: now, nextSlot: slot ?? null, nextDueAt: slot === undefined ? null : dueAt(job, slot) }
}

/** When a time is due: with its jitter. */
export function dueAt(job: Planned, slot: number): number {
  return slot + jitterOf(job.id, slot, job.jitterMs)
}
