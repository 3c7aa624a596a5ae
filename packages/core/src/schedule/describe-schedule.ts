import type { Schedule } from './schedule.ts'
import { toString as describeCron } from 'cronstrue'

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1_000, 'second'],
] as const

/** A schedule in words: `At 09:00, Monday through Friday`, `Every 10 minutes`, `Once, at 2030-01-31T09:00:00.000Z`. */
export function describeSchedule(schedule: Schedule): string {
  if (schedule.kind === 'once') return `Once, at ${new Date(schedule.at).toISOString()}`
  if (schedule.kind === 'cron') return describeCron(schedule.expression, { use24HourTimeFormat: true, verbose: true, throwExceptionOnParseError: false })
  const [unitMs, unit] = UNITS.find(([ms]) => schedule.everyMs % ms === 0) ?? [1_000, 'second']
  const count = schedule.everyMs / unitMs
  return count === 1 ? `Every ${unit}` : `Every ${count} ${unit}s`
}
