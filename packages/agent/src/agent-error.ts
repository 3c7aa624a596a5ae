import { TalariaError } from '@talaria/core'
import type { FailureCode } from './failures.ts'

/** Everything this package raises on purpose; what to do about each failure of a model is in `FAILURES`. */
export type AgentErrorCode =
  /** The settings contradict themselves; `details.path` names the one at fault. */
  'invalid_settings' | FailureCode

/** The error of this package. */
export class AgentError extends TalariaError<AgentErrorCode> {}
