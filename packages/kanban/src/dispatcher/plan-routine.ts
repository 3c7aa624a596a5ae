import { nextSlot, slotsBetween } from '@talaria/core/schedule'
import type { Routine, RoutineFiring } from '@talaria/db'

/** A time that is handled this soon has not been missed. */
const ON_TIME_MS = 60_000

/** As many times are made up for at once; of more, the newest. */
const MAX_CATCH_UP = 100

/** What is to be done about a routine that is due: the times that make a task, by its policy for missed ones, and the next. */
export function planRoutine(routine: Routine, now: number): RoutineFiring {
  if (routine.nextSlot === null || routine.nextSlot > now) return planAfterJumpBack(routine, now)
  const due = slotsBetween(routine, { from: routine.nextSlot, to: now, limit: MAX_CATCH_UP })
  const passed = due.length > 0 ? due : [routine.nextSlot]
  const newest = passed.at(-1)!
  const isMissed = routine.catchUp === 'skip' && now - newest > ON_TIME_MS
  const slots = isMissed ? [] : routine.catchUp === 'all' ? passed : [newest]
  return { slots, missed: passed.length - slots.length, nextSlot: nextSlot(routine, now) ?? null }
}

/** The clock shows an earlier time than when the plan was made. Times that have a task keep it; intervals count from now. */
function planAfterJumpBack(routine: Routine, now: number): RoutineFiring {
  const schedules = routine.schedules.map((schedule) => (schedule.kind === 'every' ? { ...schedule, anchor: now } : schedule))
  return { slots: [], missed: 0, nextSlot: nextSlot({ ...routine, schedules }, now) ?? null, schedules }
}
