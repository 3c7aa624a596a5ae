import { parseDuration } from '@talaria/core/config'

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** What times are written as, for messages about those that are not. */
export const TIME_EXAMPLES = 'in 2h, 30m, 17:00, tomorrow, tomorrow 9:00, friday 9:00, or 2030-01-31T09:00'

/** Where a day begins for who names no time. */
const MORNING_HOUR = 9

/** Milliseconds of a time as people say it, in the time zone of this process; `undefined` when it is none. Times without a day are to come. */
export function readTime(text: string, now: number): number | undefined {
  const said = text.trim().toLowerCase().replaceAll(/\s+/g, ' ')
  const length = parseDuration(said.replace(/^in /, ''))
  if (length !== undefined) return now + length
  if (/^\d{4}-\d\d-\d\d/.test(said)) return readInstant(said)
  const [, day = '', hour, minute] = /^(?:(today|tomorrow|[a-z]+day)\b ?)?(?:at )?(?:(\d{1,2}):(\d\d))?$/.exec(said) ?? []
  if (said === '' || (day === '' && hour === undefined) || Number(hour ?? 0) > 23 || Number(minute ?? 0) > 59) return undefined
  const at = new Date(now)
  at.setHours(Number(hour ?? MORNING_HOUR), Number(minute ?? 0), 0, 0)
  const ahead = daysAhead(day, at, now)
  if (ahead === undefined) return undefined
  at.setDate(at.getDate() + ahead)
  return at.getTime()
}

/** How many days after today; a day of the week that is today, or a time without a day, is the next one when it is past. */
function daysAhead(day: string, at: Date, now: number): number | undefined {
  if (day === 'today') return 0
  if (day === 'tomorrow') return 1
  if (day === '') return at.getTime() > now ? 0 : 1
  const index = DAYS.indexOf(day)
  if (index === -1) return undefined
  const days = (index - at.getDay() + 7) % 7
  return days === 0 && at.getTime() <= now ? 7 : days
}

/** A day alone is its beginning here, not in UTC. A day that its month does not have is none. */
function readInstant(text: string): number | undefined {
  const at = Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 't').toUpperCase())
  const [year, month, day] = text.slice(0, 10).split('-').map(Number)
  if (Number.isNaN(at) || new Date(Date.UTC(year!, month! - 1, day)).getUTCDate() !== day) return undefined
  return at
}
