import { TalariaError } from '@talaria/core'

/** Why a worker cannot go on, or was not obeyed. */
export type WorkerErrorCode =
  /** The attempt is somebody else's by now, or nobody's: nothing more will be taken from this worker. */
  | 'CLAIM_LOST'
  /** The dispatcher said no; `details.code` has its reason. */
  | 'REFUSED'
  /** No dispatcher was found at the socket for as long as a task can reasonably be kept. */
  | 'UNREACHABLE'
  /** The board, or whoever runs this machine, wants the work to end. */
  | 'STOPPED'

/** What ends the work of a worker, or is said to it. */
export class WorkerError extends TalariaError<WorkerErrorCode> {}
