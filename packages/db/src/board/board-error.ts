import { TalariaError } from '@talaria/core'

/** Why a board did not do what was asked; the meaning stands beside each code. */
export type BoardErrorCode =
  /** No board has this name, or it was deleted. */
  | 'BOARD_NOT_FOUND'
  | 'BOARD_EXISTS'
  /** An archived board is read-only until it is restored. */
  | 'BOARD_ARCHIVED'
  | 'TASK_NOT_FOUND'
  | 'RUN_NOT_FOUND'
  /** Something else that was named does not exist: a comment, an attachment, an approval, a routine, a subscription. */
  | 'NOT_FOUND'
  /** The table of transitions has no such way; `details`: from, action, allowed. */
  | 'ILLEGAL_TRANSITION'
  /** It was changed since it was read; `details`: expected, actual. */
  | 'STALE_REVISION'
  /** A link would make tasks wait for themselves; `details.cycle` names them. */
  | 'CYCLE'
  | 'SELF_LINK'
  | 'DUPLICATE_LINK'
  /** Parents are not done; `details.parents` names them. */
  | 'PARENTS_OPEN'
  /** Somebody else has the task by now, or nobody; nothing was written. */
  | 'CLAIM_LOST'
  /** A column is full; `details`: column, limit. */
  | 'WIP_LIMIT'
  /** A budget is used up; `details`: which, limit, spent. */
  | 'BUDGET'
  /** What an approval was asked for has changed since. */
  | 'APPROVAL_VOID'
  /** What was asked with this key before was something else. */
  | 'IDEMPOTENCY_CONFLICT'
  /** A field is wrong; `details`: field, expected. */
  | 'INVALID'

/** What a board refuses, and why. Nothing was changed when it is thrown. */
export class BoardError extends TalariaError<BoardErrorCode> {}

/** An `INVALID` that names the field and what was expected of it. */
export function invalidField(field: string, expected: string): BoardError {
  return new BoardError('INVALID', `${field}: ${expected}.`, { details: { field, expected } })
}
