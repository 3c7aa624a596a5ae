import type { Context } from 'hono'
import { ApiError } from './api-error.ts'

const MAX_LENGTH = 256

/**
 * The value of one of our headers, under our name or the predecessor's (`X-Talaria-Session-Id`, `X-Hermes-Session-Id`).
 *
 * @throws ApiError `invalid_session_id`, or `invalid_header` for any but the session, for control characters or more
 * than 256 characters.
 */
export function ourHeader(c: Context, name: 'Session-Id' | 'Session-Key' | 'User' | 'Events' | 'On-Disconnect'): string | undefined {
  const value = c.req.header(`x-talaria-${name.toLowerCase()}`) ?? c.req.header(`x-hermes-${name.toLowerCase()}`)
  if (value === undefined || value === '') return undefined
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (value.length > MAX_LENGTH || /[\u0000-\u001f\u007f]/.test(value)) {
    throw new ApiError(
      name === 'Session-Id' ? 'invalid_session_id' : 'invalid_header',
      `X-Talaria-${name} must be 1 to ${MAX_LENGTH} characters without control characters.`,
      { param: `X-Talaria-${name}` },
    )
  }
  return value
}

/** A session id a client chose: what may stand in a URL path as one segment. */
const SESSION_ID = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,255}$/

/** @throws ApiError `invalid_session_id`. */
export function checkSessionId(id: string): string {
  if (SESSION_ID.test(id) && !id.includes('..')) return id
  throw new ApiError('invalid_session_id', 'Invalid session ID: 1 to 256 letters, digits and . _ : @ - , beginning with a letter or digit.', {
    param: 'session_id',
  })
}
