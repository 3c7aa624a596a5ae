import { codeOf, messageOf } from '@talaria/core'
import { PlatformError, type PlatformErrorCode } from '../platform-error.ts'

/** What the errors of servers mean for a message, by the names that irc-framework gives them. */
const REFUSALS: Readonly<Record<string, PlatformErrorCode>> = {
  no_such_nick: 'chat_not_found',
  no_such_server: 'chat_not_found',
  not_on_channel: 'forbidden',
  cannot_send_to_channel: 'forbidden',
  cannot_send_to_user: 'forbidden',
}

/** What they mean before we are registered. */
const REJECTIONS: Readonly<Record<string, PlatformErrorCode>> = { password_mismatch: 'auth_failed', banned_from_network: 'missing_permission' }

/** The error of a message that the server refused; `undefined` for one that is about something else. */
export function ircRefusal(error: string, reason: string): PlatformError | undefined {
  const code = REFUSALS[error]
  return code && new PlatformError(code, `IRC: ${reason || error}`)
}

/** Why the server does not let us in; `undefined` when it did not say. */
export function ircRejection(error: string, reason: string): PlatformError | undefined {
  const code = REJECTIONS[error]
  return code && new PlatformError(code, `IRC: ${reason || error}`)
}

/** That the connection was closed, and by what. */
export function ircClosed(error: unknown, wasRegistered: boolean): PlatformError {
  const isCertificate = /CERT|SELF_SIGNED|ALTNAME/.test(codeOf(error) ?? '')
  const code = isCertificate ? 'invalid_settings' : wasRegistered ? 'connection_lost' : 'network'
  return new PlatformError(code, `IRC: ${error ? messageOf(error) : 'the server closed the connection.'}`, error ? { cause: error } : {})
}
