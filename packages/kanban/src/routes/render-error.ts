import { createId, type Log } from '@talaria/core'
import { InputError, type InputErrorCode } from '@talaria/core/http'
import { BoardError, DatabaseError, type BoardErrorCode, type DatabaseErrorCode } from '@talaria/db'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { PlanError, type PlanErrorCode } from '../graphs/plan-error.ts'
import { Refusal } from './refusal.ts'

/** An error as every route answers with it. Branch on the code. */
export interface RenderedError {
  readonly status: ContentfulStatusCode
  readonly headers: Readonly<Record<string, string>>
  readonly error: { readonly code: string; readonly message: string; readonly param?: string; readonly details?: Readonly<Record<string, unknown>> }
}

const STATUS: Readonly<Record<BoardErrorCode, ContentfulStatusCode>> = {
  BOARD_NOT_FOUND: 404,
  BOARD_EXISTS: 409,
  BOARD_ARCHIVED: 409,
  TASK_NOT_FOUND: 404,
  RUN_NOT_FOUND: 404,
  NOT_FOUND: 404,
  ILLEGAL_TRANSITION: 409,
  STALE_REVISION: 412,
  CYCLE: 409,
  SELF_LINK: 409,
  DUPLICATE_LINK: 409,
  PARENTS_OPEN: 409,
  CLAIM_LOST: 409,
  WIP_LIMIT: 409,
  BUDGET: 409,
  APPROVAL_VOID: 409,
  IDEMPOTENCY_CONFLICT: 409,
  INVALID: 400,
}

const INPUT: Readonly<Record<InputErrorCode, readonly [code: string, status: ContentfulStatusCode]>> = {
  invalid_json: ['INVALID_JSON', 400],
  body_too_large: ['BODY_TOO_LARGE', 413],
  missing_required_parameter: ['INVALID', 400],
  unknown_parameter: ['INVALID', 400],
  invalid_value: ['INVALID', 400],
}

const PLAN: Readonly<Record<PlanErrorCode, ContentfulStatusCode>> = { MODEL_MISSING: 503, MODEL_FAILED: 502, MODEL_TIMEOUT: 504, MODEL_ANSWER: 502 }

/** What a failure of the database means to a client. What is not here is a fault of ours. */
const STORAGE: Partial<Record<DatabaseErrorCode, string>> = {
  BUSY: 'The board is locked by another process. Try again shortly.',
  CLOSED: 'The service is shutting down.',
  CORRUPT: 'The file of this board is damaged and read-only; the operator must restore a backup.',
  DISK_FULL: 'The disk is full; nothing new can be stored.',
  IO: 'The board could not be read or written.',
  READ_ONLY: 'The board cannot be written.',
  REPLACED: 'The file of this board was replaced while it was in use; the operator must restart the service.',
  SCHEMA_TOO_NEW: 'This board belongs to a newer version.',
  SCHEMA_TOO_OLD: 'This board has not been migrated yet. Try again shortly.',
  TOO_MANY_OPEN: 'Too many boards are in use at once.',
  WRONG_SCHEMA: 'The file of this board holds something else.',
}

/** What a client is told of whatever was thrown. What is no refusal on purpose stands in the log, under the id that the client gets. */
export function renderError(error: unknown, log: Log, fields: Readonly<Record<string, unknown>>): RenderedError {
  if (error instanceof BoardError) return refusal(STATUS[error.code], error)
  if (error instanceof Refusal) return refusal(error.code === 'FORBIDDEN' ? 403 : 404, error)
  if (error instanceof InputError) {
    const [code, status] = INPUT[error.code]
    return { status, headers: {}, error: { code, message: error.message, ...(error.param !== undefined && { param: error.param }) } }
  }
  if (error instanceof PlanError) return { status: PLAN[error.code], headers: {}, error: { code: error.code, message: error.message } }
  const storage = error instanceof DatabaseError ? STORAGE[error.code] : undefined
  if (storage !== undefined) {
    log.error({ err: error, ...fields }, 'the database refused a request')
    return { status: 503, headers: { 'Retry-After': '5' }, error: { code: 'STORAGE_UNAVAILABLE', message: storage } }
  }
  const id = createId('err')
  log.error({ err: error, error_id: id, ...fields }, 'a request failed')
  return { status: 500, headers: {}, error: { code: 'INTERNAL', message: `Something went wrong here (${id}). The log says what, under this id.` } }
}

function refusal(status: ContentfulStatusCode, { code, message, details }: BoardError | Refusal): RenderedError {
  const { field, ...others } = details
  const param = typeof field === 'string' ? { param: field } : {}
  return { status, headers: {}, error: { code, message, ...param, ...(Object.keys(others).length > 0 && { details: others }) } }
}
