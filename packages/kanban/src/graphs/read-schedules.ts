import { isTimezone, parseSchedule, ScheduleError, type Schedule } from '@talaria/core/schedule'
import { invalidField } from '@talaria/db'

/** The zone of this host, for who names none. */
export const HOST_TIMEZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

/** Schedules as people write them. @throws BoardError `INVALID` that says which, and where in it the fault is */
export function readSchedules(texts: readonly string[], context: { readonly now: number; readonly timezone: string }): readonly Schedule[] {
  if (!isTimezone(context.timezone)) throw invalidField('timezone', 'a time zone such as Europe/Berlin')
  return texts.map((text, index) => {
    try {
      return parseSchedule(text, context)
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error
      throw invalidField(`schedules.${index}`, `${error.message.replace(/\.$/, '')} (at character ${error.position + 1} of '${text}')`)
    }
  })
}
