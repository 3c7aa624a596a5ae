import { createId, type Log } from '@talaria/core'
import { DatabaseError, type DatabaseErrorCode } from '@talaria/db'
import type { Context } from 'hono'
import { ApiError } from './api-error.ts'

/** What a failure of the database means to a client. What is not here is a fault of ours. */
const STORAGE: Partial<Record<DatabaseErrorCode, string>> = {
  CLAIM_LOST: 'Another gateway of this home has taken this request over. Send it again with the same Idempotency-Key.',
  BUSY: 'The database is locked by another process. Try again shortly.',
  CLOSED: 'The gateway is shutting down.',
  CORRUPT: 'The database is damaged and read-only; the operator must restore a backup.',
  DISK_FULL: 'The disk is full; nothing new can be stored.',
  IO: 'The database could not be read or written.',
  READ_ONLY: 'The database cannot be written.',
  REPLACED: 'The database file was replaced while it was in use; the operator must restart the gateway.',
  SCHEMA_TOO_NEW: 'The database belongs to a newer version.',
  TOO_MANY_OPEN: 'Too many databases are in use at once.',
}

/** Renders whatever was thrown below a route: what we refuse on purpose as it says, the rest as 500 with an id and no detail. */
export function renderError(error: unknown, c: Context, log: Log): Response {
  const refusal = refusalOf(error, log, { method: c.req.method, path: c.req.path.slice(0, 200) })
  return c.json(refusal.body(), refusal.status, { ...refusal.headers })
}

/** What a client is told of an error; what is no refusal on purpose is logged, with `fields`. */
export function refusalOf(error: unknown, log: Log, fields: Readonly<Record<string, unknown>>): ApiError {
  return error instanceof ApiError ? error : (storageRefusal(error, log, fields) ?? fault(error, log, fields))
}

function storageRefusal(error: unknown, log: Log, fields: Readonly<Record<string, unknown>>): ApiError | undefined {
  const message = error instanceof DatabaseError ? STORAGE[error.code] : undefined
  if (message === undefined) return undefined
  log.error({ err: error, ...fields }, 'the database refused a request')
  return new ApiError('storage_unavailable', message, { headers: { 'Retry-After': '5' } })
}

function fault(error: unknown, log: Log, fields: Readonly<Record<string, unknown>>): ApiError {
  const id = createId('err')
  log.error({ err: error, error_id: id, ...fields }, 'a request failed')
  return new ApiError('server_error', `Something went wrong here (${id}). The log of the gateway says what, under this id.`)
}
