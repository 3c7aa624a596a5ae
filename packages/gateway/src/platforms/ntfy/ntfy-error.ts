import { codeOf, messageOf } from '@talaria/core'
import { PlatformError, type PlatformErrorCode } from '../platform-error.ts'

/** What an HTTP status of an ntfy server means. */
const STATUSES: Readonly<Record<number, PlatformErrorCode>> = {
  401: 'auth_failed',
  403: 'forbidden',
  404: 'chat_not_found',
  413: 'attachment_too_large',
  429: 'rate_limited',
  507: 'attachment_too_large',
}

/** An answer that is not a success, in our words. */
export function ntfyStatusError(status: number, detail: string, retryAfter?: string): PlatformError {
  const code = STATUSES[status] ?? (status >= 500 ? 'server_error' : 'rejected')
  const seconds = Number(retryAfter)
  return new PlatformError(code, `ntfy answered ${status}: ${detail}`, seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {})
}

/** Anything that went wrong on the way, in our words. `hasLeft` says whether the whole request had been sent. */
export function ntfyErrorOf(error: unknown, hasLeft = false): PlatformError {
  if (error instanceof PlatformError) return error
  const isInvalid = codeOf(error) === 'ERR_INVALID_CHAR'
  return new PlatformError(isInvalid ? 'bad_format' : hasLeft ? 'unknown_outcome' : 'network', `ntfy: ${messageOf(error)}`, { cause: error })
}
