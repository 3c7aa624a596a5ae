import { createId, TalariaError, type Log } from '@talaria/core'
import { BoardError, type BoardErrorCode } from '@talaria/db'
import { CheckError } from './check-error.ts'
import type { Refusal } from './worker-protocol.ts'

/** Whoever asks shows no token of an attempt that there is. */
export class UnknownWorkerError extends TalariaError<'UNKNOWN_WORKER'> {
  constructor() {
    super('UNKNOWN_WORKER', 'This token belongs to no attempt.')
  }
}

/** 409 means one thing to a worker: stop. Whatever else is refused is 422, and can be said otherwise. */
const STATUS: Partial<Record<BoardErrorCode, 400 | 404 | 409>> = {
  CLAIM_LOST: 409,
  INVALID: 400,
  BOARD_NOT_FOUND: 404,
  TASK_NOT_FOUND: 404,
  RUN_NOT_FOUND: 404,
  NOT_FOUND: 404,
}

/** How a worker is told no, by the error's code; what has none is in the log under an id, and nowhere else. */
export function refusalOf(error: unknown, log: Log): { readonly status: 400 | 401 | 404 | 409 | 422 | 500; readonly body: Refusal } {
  if (error instanceof BoardError || error instanceof CheckError) {
    const { code, message, details } = error
    return { status: error instanceof CheckError ? 422 : (STATUS[error.code] ?? 422), body: { error: { code, message, details } } }
  }
  if (error instanceof UnknownWorkerError) return { status: 401, body: { error: { code: error.code, message: error.message } } }
  const id = createId('err')
  log.error({ err: error, errorId: id }, 'a worker could not be answered')
  return { status: 500, body: { error: { code: 'SERVER_ERROR', message: `Something went wrong here. The log has it as ${id}.` } } }
}
