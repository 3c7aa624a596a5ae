import { Cron } from 'croner'
import { messageOf } from '../errors.ts'
import { ScheduleError } from './schedule-error.ts'

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const FIELDS = ['second', 'minute', 'hour', 'day of month', 'month', 'day of week'] as const

/** The cron of an expression in a zone. `fixedTimeRule` is Vixie cron's: what names its hours and minutes is a time of day, the rest are intervals. */
export function cronOf(expression: string, timezone: string): Cron {
  return new Cron(expression, { timezone, paused: true, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' })
}

/**
 * Reads a macro, or five or six fields (of six the first are the seconds), as an expression that {@link cronOf} takes.
 *
 * @param offset where `text` begins in what was written, for the position of a fault
 * @throws ScheduleError
 */
export function parseCronExpression(text: string, offset: number): string {
  if (text.startsWith('@')) {
    const expression = MACROS[text.toLowerCase()]
    if (expression !== undefined) return expression
    throw new ScheduleError(`'${text}' is no macro; there are ${Object.keys(MACROS).join(', ')}.`, offset)
  }
  const fields = [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: offset + match.index }))
  if (fields.length < 5)
    throw new ScheduleError(`A cron expression has five fields, or six with seconds first; this has ${fields.length}.`, offset + text.length)
  if (fields.length > 6) throw new ScheduleError(`A cron expression has at most six fields; '${fields[6]!.text}' is one too many.`, fields[6]!.at)
  const names = fields.length === 6 ? FIELDS : FIELDS.slice(1)
  fields.forEach((field, index) => checkField(field, index, names))
  const expression = fields.map((field) => field.text).join(' ')
  checkWhole(expression, fields[0]!.at)
  return expression
}

/** Finds which part of a field is at fault, by asking for each alone. */
function checkField(field: { readonly text: string; readonly at: number }, index: number, names: readonly string[]): void {
  let at = field.at
  for (const part of field.text.split(',')) {
    const alone = names.map((_, other) => (other === index ? part : '*')).join(' ')
    const problem = part === '' ? 'nothing stands here' : problemWith(alone)
    if (problem !== undefined) throw new ScheduleError(`The ${names[index]} is wrong at '${part || ','}': ${problem}.`, at)
    at += part.length + 1
  }
}

/** Parts that are right each by itself may still be wrong together, or never come together. */
function checkWhole(expression: string, at: number): void {
  const problem = problemWith(expression)
  if (problem !== undefined) throw new ScheduleError(`This is no cron expression: ${problem}.`, at)
  if (!cronOf(expression, 'UTC').nextRun()) throw new ScheduleError('This time never comes.', at)
}

function problemWith(expression: string): string | undefined {
  try {
    cronOf(expression, 'UTC')
    return undefined
  } catch (error) {
    return messageOf(error)
      .replace(/^CronPattern: /, '')
      .replace(/\.$/, '')
  }
}
