import { TalariaError } from '@talaria/core'

/** Why the HTTP API did not even ask a board. */
type RefusalCode =
  /** The caller may not do this; `details.scope` would. */
  | 'FORBIDDEN'
  /** Nothing is at this path. */
  | 'NOT_FOUND'

/** A refusal of the HTTP API itself. */
export class Refusal extends TalariaError<RefusalCode> {}
