import { codeOf, messageOf } from '@talaria/core'
import { PlatformError, type PlatformErrorCode } from '../platform-error.ts'

interface MailFailure {
  readonly responseCode?: number
  readonly authenticationFailed?: boolean
}

/** What the classes of answers of an SMTP server mean. @see RFC 5321, 4.2.3 */
const REPLIES: Readonly<Record<number, PlatformErrorCode>> = {
  421: 'server_error',
  450: 'rate_limited',
  451: 'server_error',
  452: 'rate_limited',
  530: 'auth_failed',
  534: 'auth_failed',
  535: 'auth_failed',
  550: 'chat_not_found',
  551: 'chat_not_found',
  552: 'attachment_too_large',
  553: 'chat_not_found',
}

/** Codes of the libraries and of Node that say more than that nobody was reached. */
const CODES: Readonly<Record<string, PlatformErrorCode>> = {
  EAUTH: 'auth_failed',
  ETLS: 'invalid_settings',
  EENVELOPE: 'chat_not_found',
  EMESSAGE: 'bad_format',
  ETIMEDOUT: 'timeout',
  CONNECT_TIMEOUT: 'timeout',
  GREETING_TIMEOUT: 'timeout',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'invalid_settings',
  SELF_SIGNED_CERT_IN_CHAIN: 'invalid_settings',
  ERR_TLS_CERT_ALTNAME_INVALID: 'invalid_settings',
  CERT_HAS_EXPIRED: 'invalid_settings',
  NotFound: 'message_not_found',
}

/** Anything that mail servers, their libraries or the network threw, in our words. `hasLeft` says whether a message was wholly on its way. */
export function emailErrorOf(error: unknown, doing: string, hasLeft = false): PlatformError {
  if (error instanceof PlatformError) return error
  const { responseCode, authenticationFailed } = error as MailFailure
  const say = (code: PlatformErrorCode) => new PlatformError(code, `${doing}: ${messageOf(error)}`, { cause: error })
  if (authenticationFailed) return say('auth_failed')
  if (responseCode !== undefined) return say(REPLIES[responseCode] ?? (responseCode < 500 ? 'server_error' : 'rejected'))
  if (hasLeft) return say('unknown_outcome')
  return say(CODES[codeOf(error) ?? ''] ?? 'network')
}
