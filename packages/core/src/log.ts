import pino from 'pino'
import { clipLine } from './clip-line.ts'
import { systemClock, type Clock } from './clock.ts'
import { codeOf, messageOf } from './errors.ts'
import { redactSecrets } from './redact-secrets.ts'
import { RepeatThrottle } from './repeat-throttle.ts'

/** Words about what happens, passed in. Fields first, sentence second, as pino has it. */
export type Log = pino.Logger

export interface LogOptions {
  /** The least level that is written: `info` unless told otherwise. A function is asked with every line, for a level that changes. */
  readonly level?: string | (() => string)
  /** Takes every line as well, after the secrets in it were replaced; for a log file. */
  readonly file?: pino.DestinationStream
  /** Standard error unless told otherwise, because standard output belongs to the program's answer. */
  readonly destination?: pino.DestinationStream
  readonly clock?: Clock
  /** How many warnings and errors of one kind, and how many of all kinds, are written within a window. */
  readonly repeats?: { readonly burst: number; readonly total: number; readonly windowMs: number }
}

const REPEATS = { burst: 10, total: 600, windowMs: 60_000 }
const WARN = 40
const LONGEST_LINE = 65_536
const MOST_WAITING = 4 * 1024 * 1024

/** A line as it was about to be written, to say later how often it came again. */
interface Line {
  readonly log: Log
  readonly write: pino.LogFn
  readonly sentence: string
}

/**
 * A structured log of JSON lines on standard error. They are written off the event loop, so that a terminal or a pipe
 * that stalls does not stall the service. What waits is written when the process exits, for whatever reason but SIGKILL;
 * beyond 4 MiB it is dropped.
 *
 * Three things hold for it and its children. Secrets are replaced wherever they stand in the line (`redactSecrets`). Of
 * the same warning or error (numbers apart) ten are written a minute and the rest is counted; the count is written with
 * the first line after that minute. No line is longer than 64 KiB. An error storm therefore writes megabytes, not
 * gigabytes.
 */
export function createLog(service: string, options: LogOptions = {}): Log {
  const throttle = new RepeatThrottle<Line>({ ...(options.repeats ?? REPEATS), clock: options.clock ?? systemClock })
  const { level: least = 'info', file, destination = pino.destination({ dest: 2, sync: false, maxLength: MOST_WAITING }) } = options
  const isWritten = (level: number) => typeof least === 'string' || level >= (pino.levels.values[least()] ?? Infinity)
  return pino(
    {
      name: service,
      // Children keep the level that they were made with: one that changes is looked at with every line.
      level: typeof least === 'string' ? least : 'trace',
      hooks: {
        logMethod(args, write, level) {
          if (!isWritten(level)) return
          for (const { item, count } of throttle.takeEnded()) item.write.call(item.log, { repeated: count }, `Repeated ${count} more times: ${item.sentence}`)
          // Information is written as often as it is given: an access log without its lines is none.
          if (level < WARN) return write.apply(this, args)
          const sentence = sentenceOf(args)
          const verdict = throttle.admit(kindOf(level, sentence, args[0]), { log: this, write, sentence })
          if (verdict === 'pass') write.apply(this, args)
          if (verdict === 'last') write.apply(this.child({ repeats: 'only counted from here on' }), args)
        },
        streamWrite: (line) => redactSecrets(clipLine(line, LONGEST_LINE)),
      },
    },
    file ? bothOf(destination, file) : destination,
  )
}

/** A log that says nothing; for tests and for one-shot commands. */
// With a stream of its own: by default pino takes hold of standard output even for a log without words.
export const silentLog: Log = pino({ level: 'silent' }, { write() {} })

function bothOf(one: pino.DestinationStream, other: pino.DestinationStream): pino.DestinationStream {
  return {
    write(line) {
      one.write(line)
      other.write(line)
    },
  }
}

function sentenceOf([first, second]: readonly unknown[]): string {
  if (typeof first === 'string') return first
  return typeof second === 'string' ? second : messageOf(errorIn(first) ?? '')
}

/** What makes two lines the same: level, sentence and error, whatever numbers and ids stand in them. */
function kindOf(level: number, sentence: string, fields: unknown): string {
  const error = errorIn(fields)
  const words = error === undefined ? sentence : `${sentence} ${codeOf(error) ?? ''} ${messageOf(error)}`
  return `${level} ${words.slice(0, 500).replace(/[\da-f-]*\d[\da-f-]*/gi, '#')}`
}

function errorIn(fields: unknown): unknown {
  return fields instanceof Error ? fields : (fields as { err?: unknown } | null)?.err
}
