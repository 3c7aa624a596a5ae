import { messageOf } from '@talaria/core'
import { PlatformError } from './platform-error.ts'

/** Anything that was thrown as a failure of a platform. What no adapter has put into our words is `internal`, and tried again. */
export function platformErrorOf(error: unknown): PlatformError {
  return error instanceof PlatformError ? error : new PlatformError('internal', messageOf(error), { cause: error })
}
