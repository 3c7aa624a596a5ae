import { TalariaError } from '@talaria/core'

/** Why there is no plan. */
export type PlanErrorCode =
  /** Nothing that could be asked is set up here. */
  | 'MODEL_MISSING'
  /** It could not answer; the message says why. */
  | 'MODEL_FAILED'
  | 'MODEL_TIMEOUT'
  /** It answered something that is no plan. */
  | 'MODEL_ANSWER'

/** A model did not say how a task is to be done. The task is as it was. */
export class PlanError extends TalariaError<PlanErrorCode> {}
