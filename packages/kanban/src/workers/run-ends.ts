import type { OpenRun } from '@talaria/db'
import type { BlockBody, CompleteBody, EndAnswer, FailBody, RequestChangesBody, RequestReviewBody } from './worker-protocol.ts'

/**
 * The ways out of an attempt, as its worker says them: over the socket, or through a tool. One that is said again is heard
 * once; each throws `BoardError` `CLAIM_LOST` when somebody else has the task by now.
 */
export interface RunEnds {
  /** @throws CheckError when something that must be true is not; the attempt goes on. */
  complete(open: OpenRun, said: CompleteBody): Promise<EndAnswer>
  block(open: OpenRun, said: BlockBody): Promise<EndAnswer>
  requestReview(open: OpenRun, said: RequestReviewBody): Promise<EndAnswer>
  requestChanges(open: OpenRun, said: RequestChangesBody): Promise<EndAnswer>
  fail(open: OpenRun, said: FailBody): Promise<EndAnswer>
}
