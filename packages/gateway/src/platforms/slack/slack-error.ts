import { webApi } from '@slack/bolt'
import { messageOf } from '@talaria/core'
import { PlatformError, type PlatformErrorCode } from '../platform-error.ts'

/** Of https://docs.slack.dev/reference/methods, the errors that ask for something else than giving up. */
const ERRORS: Readonly<Record<string, PlatformErrorCode>> = {
  not_authed: 'auth_failed',
  invalid_auth: 'auth_failed',
  account_inactive: 'auth_failed',
  token_revoked: 'auth_failed',
  token_expired: 'auth_failed',
  user_removed_from_team: 'auth_failed',
  team_disabled: 'auth_failed',
  missing_scope: 'missing_permission',
  not_allowed_token_type: 'invalid_settings',
  no_permission: 'forbidden',
  not_in_channel: 'forbidden',
  restricted_action: 'forbidden',
  is_archived: 'forbidden',
  cannot_dm_bot: 'forbidden',
  user_disabled: 'forbidden',
  messages_tab_disabled: 'forbidden',
  channel_not_found: 'chat_not_found',
  user_not_found: 'chat_not_found',
  thread_not_found: 'message_not_found',
  message_not_found: 'message_not_found',
  edit_window_closed: 'message_not_found',
  cant_update_message: 'message_not_found',
  msg_too_long: 'too_long',
  no_text: 'bad_format',
  invalid_blocks: 'bad_format',
  ratelimited: 'rate_limited',
  rate_limited: 'rate_limited',
  internal_error: 'server_error',
  fatal_error: 'server_error',
  service_unavailable: 'server_error',
  request_timeout: 'unknown_outcome',
}

/** What failed at Slack, in our words. */
export function slackErrorOf(error: unknown): PlatformError {
  if (error instanceof PlatformError) return error
  const cause = error
  if (error instanceof webApi.WebAPIRateLimitedError) {
    return new PlatformError('rate_limited', 'Slack asks us to slow down.', { retryAfterMs: error.retryAfter * 1_000, cause })
  }
  if (error instanceof webApi.WebAPIPlatformError) {
    const said = error.data.error
    return new PlatformError(ERRORS[said] ?? 'rejected', `Slack refused: ${said}`, { cause })
  }
  if (error instanceof webApi.WebAPIHTTPError) {
    return new PlatformError(error.statusCode >= 500 ? 'server_error' : 'rejected', `Slack answered with status ${error.statusCode}.`, { cause })
  }
  // It wraps what our own fetch says.
  if (error instanceof webApi.WebAPIRequestError) {
    return error.original instanceof PlatformError ? error.original : new PlatformError('unknown_outcome', error.message, { cause })
  }
  return new PlatformError('internal', messageOf(error), { cause })
}

/** The word by which Slack refused, such as `already_reacted`. */
export function refusalOf(error: unknown): string | undefined {
  const cause = error instanceof PlatformError ? error.cause : error
  return cause instanceof webApi.WebAPIPlatformError ? cause.data.error : undefined
}
