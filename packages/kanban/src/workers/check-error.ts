import { TalariaError } from '@talaria/core'

/** Why a completion is not taken. The attempt goes on after each, but for the last one. */
export type CheckErrorCode =
  /** Something that must be true is not; `details.failed` names what, one line each. */
  | 'CHECK_FAILED'
  /** It is not known yet whether it is true: the same may be said again later. */
  | 'CHECK_PENDING'
  /** It failed too often; the attempt is over. */
  | 'CHECKS_EXHAUSTED'

/** What a completion lacks. */
export class CheckError extends TalariaError<CheckErrorCode> {}
