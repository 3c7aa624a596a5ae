import pino from 'pino'

/** Words about what happens, passed in. Fields first, sentence second, as pino has it. */
export type Log = pino.Logger

const SECRET_FIELDS = ['authorization', 'apiKey', 'api_key', 'key', 'token', 'password', 'secret', 'cookie']

/**
 * A structured log on standard error (standard output belongs to the program's answer).
 * Fields that are named like a secret are written as `[redacted]`, one level deep as well.
 */
export function createLog(service: string, options: { readonly level?: string; readonly destination?: pino.DestinationStream } = {}): Log {
  return pino(
    {
      name: service,
      level: options.level ?? 'info',
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
    },
    options.destination ?? pino.destination(2),
  )
}

/** A log that says nothing; for tests and for one-shot commands. */
export const silentLog: Log = pino({ level: 'silent' })
