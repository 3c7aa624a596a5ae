import { createId } from '@talaria/core'
import { slotsBetween } from '@talaria/core/schedule'
import type { CronFiring, CronJob, NewCronRun } from '@talaria/db'
import { dueAt, planNext } from './plan-next.ts'

/** A time that is handled this soon has not been missed. */
const ON_TIME_MS = 60_000

/** As many times are made up for at once; of more, the newest. */
const MAX_CATCH_UP = 100

/** What a job whose time has come is to do about it: its runs, by its policy for times that were missed, and its next time. */
export function planFiring(job: CronJob, now: number): CronFiring {
  if (job.nextDueAt === null || job.nextDueAt > now) return planAfterJumpBack(job, now)
  const from = job.nextSlot!
  const due = slotsBetween(job, { from, to: now, limit: MAX_CATCH_UP }).filter((slot) => dueAt(job, slot) <= now)
  const slots = due.length > 0 ? due : [from]
  return { ...planNext(job, { now, after: slots.at(-1)! }), runs: runsOf(job, slots, now) }
}

/** The clock shows an earlier time than when the plan was made. Times that have a run keep it; intervals count from now. */
function planAfterJumpBack(job: CronJob, now: number): CronFiring {
  const schedules = job.schedules.map((schedule) => (schedule.kind === 'every' ? { ...schedule, anchor: now } : schedule))
  return { ...planNext({ ...job, schedules }, { now }), runs: [], schedules }
}

function runsOf(job: CronJob, slots: readonly number[], now: number): readonly NewCronRun[] {
  const newest = slots.at(-1)!
  const latenessOf = (slot: number) => now - dueAt(job, slot)
  const isOnTime = latenessOf(newest) <= ON_TIME_MS
  const isTooLate = (slot: number) => job.maxLatenessMs !== null && latenessOf(slot) > Math.max(job.maxLatenessMs, ON_TIME_MS)
  const run = (slot: number, missed = 0, skipped?: NewCronRun['skipped']): NewCronRun => ({
    id: createId('fire', now),
    slot,
    dueAt: dueAt(job, slot),
    cause: slot === newest && isOnTime ? 'schedule' : 'catch_up',
    missed,
    ...(skipped && { skipped }),
  })
  const rest = slots.length - 1
  if (isTooLate(newest)) return [run(newest, rest, TOO_LATE)]
  if (job.catchUp === 'all') {
    const remaining = job.repeat === null ? slots.length : job.repeat - job.fired
    return slots
      .filter((slot) => !isTooLate(slot))
      .slice(0, remaining)
      .map((slot) => run(slot))
  }
  return [run(newest, rest, job.catchUp === 'skip' && !isOnTime ? MISSED : undefined)]
}

const MISSED = { code: 'missed', message: 'Its time passed while no gateway ran.' }
const TOO_LATE = { code: 'too_late', message: 'Its time passed longer ago than the job may be late.' }
