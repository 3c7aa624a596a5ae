import type { Schedule } from './schedule.ts'
import { parseCronExpression } from './cron-expression.ts'
import { parseInstant } from './parse-instant.ts'
import { ScheduleError } from './schedule-error.ts'

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const UNITS = /^(s|sec|secs|seconds?|m|min|mins|minutes?|h|hr|hrs|hours?|d|days?)$/i

/** An instant may lie so far back: that of a request which took its time. */
const PAST_TOLERANCE_MS = 120_000

/** Beyond it a Date holds nothing. */
const LONGEST_MS = 100 * 365 * 86_400_000

/**
 * Reads a schedule as people write it: five or six cron fields, a macro such as `@daily`, `every 10m`, an ISO instant,
 * `in 30m` or `30m`. What counts from now, counts from `now`.
 *
 * @throws ScheduleError with the position of the fault
 */
export function parseSchedule(text: string, { now, timezone }: { readonly now: number; readonly timezone: string }): Schedule {
  const trimmed = text.trim()
  const start = text.length - text.trimStart().length
  if (trimmed === '') throw new ScheduleError('The schedule is empty.', 0)
  const [, word, rest = ''] = /^(every|in)\b\s*(.*)$/is.exec(trimmed) ?? []
  if (word !== undefined) {
    const ms = parseInterval(rest, start + trimmed.length - rest.length)
    return word.toLowerCase() === 'every' ? { kind: 'every', text: trimmed, everyMs: ms, anchor: now } : { kind: 'once', text: trimmed, at: now + ms }
  }
  if (/^\d+(\.\d+)?\s*[a-z]+$/i.test(trimmed)) return { kind: 'once', text: trimmed, at: now + parseInterval(trimmed, start) }
  if (/^\d{4}-/.test(trimmed)) {
    const at = parseInstant(trimmed, { timezone, offset: start })
    if (at < now - PAST_TOLERANCE_MS) throw new ScheduleError(`${new Date(at).toISOString()} is past.`, start)
    return { kind: 'once', text: trimmed, at }
  }
  return { kind: 'cron', text: trimmed, expression: parseCronExpression(trimmed, start) }
}

/** `30s`, `10m`, `1h30m`, `2 hours`; at least a second. */
function parseInterval(text: string, offset: number): number {
  let ms = 0
  let at = 0
  for (const [part, amount, unit = ''] of text.matchAll(/\s*(\d+(?:\.\d+)?)\s*([a-z]*)/giy)) {
    const unitAt = offset + at + part.length - unit.length
    if (!UNITS.test(unit)) throw new ScheduleError(unit === '' ? 'A unit is missing: s, m, h or d.' : `'${unit}' is no unit; there are s, m, h and d.`, unitAt)
    ms += Number(amount) * UNIT_MS[unit[0]!.toLowerCase()]!
    at += part.length
  }
  if (at < text.length || at === 0)
    throw new ScheduleError(`A length of time such as 30s, 10m, 2h or 1d is missing${at ? ` at '${text.slice(at)}'` : ''}.`, offset + at)
  if (ms < 1_000) throw new ScheduleError('The shortest interval is a second.', offset)
  if (ms > LONGEST_MS) throw new ScheduleError('The longest interval is a hundred years.', offset)
  return Math.round(ms)
}
