import type { Schedule } from './schedule.ts'
import { cronOf } from './cron-expression.ts'

/** When something is scheduled, by several schedules in one time zone. */
export interface Timetable {
  readonly schedules: readonly Schedule[]
  readonly timezone: string
}

/** The first time of a timetable after `after`; `undefined` when there is none. */
export function nextSlot({ schedules, timezone }: Timetable, after: number): number | undefined {
  const times = schedules.map((schedule) => nextOf(schedule, timezone, after)).filter((at) => at !== undefined)
  return times.length > 0 ? Math.min(...times) : undefined
}

/** The next times of a timetable, at most `count` of them; times that schedules share are one. */
export function nextSlots(timetable: Timetable, after: number, count: number): readonly number[] {
  const slots: number[] = []
  for (let at = nextSlot(timetable, after); at !== undefined && slots.length < count; at = nextSlot(timetable, at)) slots.push(at)
  return slots
}

/** The newest times of a timetable from `from` to `to`, both included, oldest first; at most `limit`. */
export function slotsBetween(
  { schedules, timezone }: Timetable,
  range: { readonly from: number; readonly to: number; readonly limit: number },
): readonly number[] {
  const slots = new Set<number>()
  for (const schedule of schedules) {
    let found = 0
    for (let at = lastOf(schedule, timezone, range.to); at !== undefined && at >= range.from && found < range.limit; found += 1) {
      slots.add(at)
      at = lastOf(schedule, timezone, at - 1)
    }
  }
  return [...slots].toSorted((a, b) => a - b).slice(-range.limit)
}

function nextOf(schedule: Schedule, timezone: string, after: number): number | undefined {
  if (schedule.kind === 'once') return schedule.at > after ? schedule.at : undefined
  // From the anchor, not from the last time: what is late once is not late for ever.
  if (schedule.kind === 'every') return schedule.anchor + Math.max(1, Math.floor((after - schedule.anchor) / schedule.everyMs) + 1) * schedule.everyMs
  return cronOf(schedule.expression, timezone).nextRun(new Date(after))?.getTime()
}

/** The last time of a schedule that is not after `at`. */
function lastOf(schedule: Schedule, timezone: string, at: number): number | undefined {
  if (schedule.kind === 'once') return schedule.at <= at ? schedule.at : undefined
  if (schedule.kind === 'every') {
    const count = Math.floor((at - schedule.anchor) / schedule.everyMs)
    return count >= 1 ? schedule.anchor + count * schedule.everyMs : undefined
  }
  // Its reference is left out, and ours is not.
  return cronOf(schedule.expression, timezone)
    .previousRuns(1, new Date(at + 1))[0]
    ?.getTime()
}
