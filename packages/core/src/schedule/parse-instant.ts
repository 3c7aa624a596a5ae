import { Cron } from 'croner'
import { ScheduleError } from './schedule-error.ts'

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,3})?)?)?(Z|[+-]\d\d:?\d\d)?$/i

/** Where each group of {@link INSTANT} may lie; the day is checked against its month. */
const RANGES = [
  [1, 12, 'month', 5],
  [1, 31, 'day', 8],
  [0, 23, 'hour', 11],
  [0, 59, 'minute', 14],
  [0, 59, 'second', 17],
] as const

/**
 * Milliseconds of an ISO date and time. Without an offset it is read in the time zone: of a time that comes twice the
 * first is meant, one that is left out is that much later.
 *
 * @throws ScheduleError
 */
export function parseInstant(text: string, { timezone, offset }: { readonly timezone: string; readonly offset: number }): number {
  const match = INSTANT.exec(text)
  if (!match) throw new ScheduleError(`'${text}' is no instant such as 2030-01-31T09:00, 2030-01-31T09:00:00Z or 2030-01-31T09:00+01:00.`, offset)
  const [, year = '', month = '', day = '', hour = '00', minute = '00', second = '00', zone] = match
  for (const [index, [least, most, name, at]] of RANGES.entries()) {
    const value = Number([month, day, hour, minute, second][index])
    if (value < least || value > most) throw new ScheduleError(`${value} is no ${name}.`, offset + at)
  }
  if (new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day)) {
    throw new ScheduleError(`${year}-${month} has no day ${day}.`, offset + 8)
  }
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  if (zone) return Date.parse(local + (/^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`))
  return new Cron(local, { timezone, paused: true, allowPast: true }).getOnce()!.getTime()
}
