import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js'
import { messageOf } from '@talaria/core'
import { PlatformError, type PlatformErrorCode } from '../platform-error.ts'

/** Of https://discord.com/developers/docs/topics/opcodes-and-status-codes#json. */
const JSON_CODES: Readonly<Record<number, PlatformErrorCode>> = {
  10003: 'chat_not_found',
  10004: 'chat_not_found',
  10008: 'message_not_found',
  10013: 'chat_not_found',
  40005: 'attachment_too_large',
  40060: 'rejected', // The interaction has been answered.
  50001: 'forbidden',
  50007: 'forbidden', // The user takes no direct messages of ours.
  50008: 'unsupported', // No text channel.
  50013: 'missing_permission',
  50083: 'forbidden', // The thread is archived.
  160005: 'forbidden', // The thread is locked.
}

/** Close codes of the gateway after which trying again is of no use. */
const CLOSE_CODES: Readonly<Record<number, readonly [PlatformErrorCode, string]>> = {
  4004: ['auth_failed', 'Discord refuses the token. Set DISCORD_BOT_TOKEN to the one that the developer portal shows.'],
  4010: ['invalid_settings', 'Discord refuses the shard.'],
  4011: ['unsupported', 'The bot is on so many servers that Discord asks for several shards, which Talaria does not do.'],
  4012: ['unsupported', 'Discord does not speak this version of its gateway any more.'],
  4013: ['invalid_settings', 'Discord does not know the intents that were asked for.'],
  4014: ['missing_permission', 'Discord refuses an intent. Switch on “Message Content Intent” for the bot in the developer portal.'],
}

const TOO_LONG = 'BASE_TYPE_MAX_LENGTH'

/** What failed at Discord, in our words. */
export function discordErrorOf(error: unknown): PlatformError {
  if (error instanceof PlatformError) return error
  const cause = error
  if (error instanceof RateLimitError) {
    return new PlatformError('rate_limited', 'Discord asks us to slow down.', { retryAfterMs: Math.max(error.retryAfter, error.sublimitTimeout), cause })
  }
  if (error instanceof DiscordAPIError) return new PlatformError(codeOfAnswer(error), `Discord refused: ${error.message}`, { cause })
  if (error instanceof HTTPError) return new PlatformError('server_error', `Discord failed with status ${error.status}.`, { cause })
  if (error instanceof Error && 'code' in error && error.code === 'TokenInvalid') return closeErrorOf(4004, cause)
  return new PlatformError('internal', messageOf(error), { cause })
}

/** Why the gateway closed the connection; `connection_lost` for all that another attempt may mend. */
export function closeErrorOf(closeCode: number, cause?: unknown): PlatformError {
  const [code, message] = CLOSE_CODES[closeCode] ?? (['connection_lost', `Discord closed the connection (${closeCode}).`] as const)
  return new PlatformError(code, message, { cause })
}

/** Whether a close code says that trying again is of no use. */
export function isFinalClose(closeCode: number): boolean {
  return closeCode in CLOSE_CODES
}

function codeOfAnswer({ code, status, rawError }: DiscordAPIError): PlatformErrorCode {
  const known = JSON_CODES[Number(code)]
  if (known) return known
  if (status === 401) return 'auth_failed'
  if (status === 403) return 'forbidden'
  if (status === 404) return 'chat_not_found'
  if (status === 413) return 'attachment_too_large'
  return JSON.stringify(rawError).includes(TOO_LONG) ? 'too_long' : 'rejected'
}
