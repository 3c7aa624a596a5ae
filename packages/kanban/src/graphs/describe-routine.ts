import { describeSchedule, nextSlots } from '@talaria/core/schedule'
import type { Routine, RoutineDefinition } from '@talaria/db'

/** A routine for programs, with its schedules in words. */
export function describeRoutine(routine: Routine) {
  return { ...routine, schedules: describedSchedules(routine) }
}

/** When something with these schedules would come, in words and in times. */
export function previewOf(timetable: Pick<RoutineDefinition, 'schedules' | 'timezone'>, now: number, count: number) {
  return { schedules: describedSchedules(timetable), timezone: timetable.timezone, next: nextSlots(timetable, now, count) }
}

function describedSchedules({ schedules }: Pick<RoutineDefinition, 'schedules'>) {
  return schedules.map((schedule) => ({ ...schedule, description: describeSchedule(schedule) }))
}
