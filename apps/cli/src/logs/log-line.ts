import { harmless } from '../harmless.ts'

/** The levels of a log, the least first; in the file they are numbers in tens. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

/** The name of a level. */
export type Level = (typeof LEVELS)[number]

/** A line of a log file. */
export interface LogLine {
  /** As it stands in the file. */
  readonly raw: string
  /** `undefined` when it is none of ours, such as half a line that a crash has left. */
  readonly fields: LogFields | undefined
}

interface LogFields extends Readonly<Record<string, unknown>> {
  readonly level: number
  readonly time: number
}

/** Reads a line of the file; whatever stands there is a line. */
export function parseLogLine(raw: string): LogLine {
  try {
    const fields = JSON.parse(raw) as Partial<LogFields> | null
    const isOurs = typeof fields?.level === 'number' && typeof fields.time === 'number'
    return { raw, fields: isOurs ? (fields as LogFields) : undefined }
  } catch {
    return { raw, fields: undefined }
  }
}

/** Whether a line is of this level or a graver one. What is no line of ours has no level, and is shown to who looks for none. */
export function isOfLevel({ fields }: LogLine, least: Level | undefined): boolean {
  return least === undefined || (fields !== undefined && fields.level >= (LEVELS.indexOf(least) + 1) * 10)
}

/** A line for people: when, how grave, what, and the rest of what it says as `name=value`. */
export function renderLogLine({ raw, fields }: LogLine): string {
  if (!fields) return harmless(raw)
  const { level, time, msg, err, name: _name, pid: _pid, hostname: _hostname, ...rest } = fields
  const word = LEVELS[Math.floor(level / 10) - 1] ?? String(level)
  const more = Object.entries(rest).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const error = err as { message?: unknown; code?: unknown } | undefined
  if (error) more.push(`error=${JSON.stringify(error.message ?? error)}`)
  return harmless([new Date(time).toISOString(), word.toUpperCase().padEnd(5), ...(typeof msg === 'string' ? [msg] : []), ...more].join(' ')).replaceAll(
    '\n',
    ' ',
  )
}
