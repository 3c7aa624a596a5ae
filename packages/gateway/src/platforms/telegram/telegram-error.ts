import { GrammyError, HttpError, type Api } from 'grammy'
import { codeOf } from '@talaria/core'
import { PlatformError, type PlatformErrorCode } from '../platform-error.ts'

/** Node's codes for a connection that never came to be, so that nothing of the request can have left. */
const NEVER_LEFT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EMFILE|ENFILE|ERR_PROXY_.*|CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|ERR_TLS_CERT_.*)$/

/** The Bot API gives one number, 400, to all of these; its descriptions are all there is to tell them apart. */
const DESCRIPTIONS: readonly (readonly [pattern: RegExp, code: PlatformErrorCode])[] = [
  [/message is too long|MESSAGE_TOO_LONG|caption is too long/i, 'too_long'],
  [/can't parse entities|ENTITY_|ENTITIES_/i, 'bad_format'],
  [/chat not found|message thread not found|TOPIC_(?:CLOSED|DELETED)|PEER_ID_INVALID|upgraded to a supergroup|group chat was deactivated/i, 'chat_not_found'],
  [/message to \w+ not found|message can't be edited|MESSAGE_ID_INVALID|message not found/i, 'message_not_found'],
  [/not enough rights|have no rights|CHAT_WRITE_FORBIDDEN|CHAT_SEND_\w+_FORBIDDEN|need administrator rights/i, 'forbidden'],
  [/file is too big|FILE_TOO_BIG|Request Entity Too Large/i, 'attachment_too_large'],
]

const STATUSES: Readonly<Record<number, PlatformErrorCode>> = {
  401: 'auth_failed',
  // Telegram knows no bot of such a token.
  404: 'auth_failed',
  403: 'forbidden',
  409: 'conflict',
  413: 'attachment_too_large',
  429: 'rate_limited',
}

/** The library's own type of a signal; it takes any that is one. */
type ApiSignal = NonNullable<Parameters<Api['getMe']>[0]>

export interface TelegramCall {
  /** Doing it twice does no harm, so that an unknown outcome is as good as none. */
  readonly isRepeatable: boolean
  readonly signal: AbortSignal
}

/** Calls the Bot API. @throws PlatformError; `timeout` before anything left when the signal has aborted already */
export async function callTelegram<Result>({ isRepeatable, signal }: TelegramCall, call: (signal: ApiSignal) => Promise<Result>): Promise<Result> {
  if (signal.aborted) throw new PlatformError('timeout', 'The call to Telegram was given up before it began.')
  try {
    return await call(signal as unknown as ApiSignal)
  } catch (error) {
    throw telegramErrorOf(error, { isRepeatable })
  }
}

/**
 * A failure of a call to the Bot API, in our words. The library's error of a failed request is not kept as the cause: it
 * holds the address, and with it the bot's token.
 */
function telegramErrorOf(error: unknown, { isRepeatable }: Pick<TelegramCall, 'isRepeatable'>): PlatformError {
  if (error instanceof PlatformError) return error
  if (error instanceof GrammyError) return refusalOf(error, isRepeatable)
  if (!(error instanceof HttpError)) return new PlatformError('internal', 'The Telegram client failed.', { cause: error })
  const code = codeOf(error.error)
  if (code !== undefined && NEVER_LEFT.test(code)) return new PlatformError('network', `Telegram could not be reached: ${code}.`)
  if (!isRepeatable) return new PlatformError('unknown_outcome', `Telegram did not answer${code ? `: ${code}` : ' in time'}.`)
  if (code !== undefined) return new PlatformError('connection_lost', `The connection to Telegram broke: ${code}.`)
  const isAnswer = (error.error as { type?: unknown } | null)?.type === 'invalid-json'
  return isAnswer
    ? new PlatformError('server_error', 'Telegram answered with something other than JSON.')
    : new PlatformError('timeout', 'Telegram did not answer in time.')
}

/** Whether an edit was refused because it would change nothing. */
export function isNotModified(error: unknown): boolean {
  return error instanceof GrammyError && error.error_code === 400 && error.description.includes('message is not modified')
}

function refusalOf(error: GrammyError, isRepeatable: boolean): PlatformError {
  const { error_code: status, description, parameters } = error
  const words = `Telegram refused ${error.method}: ${description}`
  // Of a 502 or 504 the proxy in front tells nothing of what stands behind it.
  if (status >= 500) return new PlatformError(isRepeatable || status === 500 ? 'server_error' : 'unknown_outcome', words)
  const code = STATUSES[status] ?? DESCRIPTIONS.find(([pattern]) => pattern.test(description))?.[1] ?? 'rejected'
  return new PlatformError(code, words, parameters.retry_after === undefined ? {} : { retryAfterMs: parameters.retry_after * 1_000 })
}
