import { codeOf } from '@talaria/core'
import { PlatformError, type PlatformErrorCode } from '../platform-error.ts'
import { FeishuRefusal } from './feishu-refusal.ts'

/** Node's codes for a connection that never came to be, so that nothing of the request can have left. */
const NEVER_LEFT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EMFILE|ENFILE|CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|ERR_TLS_CERT_.*)$/

/** The codes of the open platform, from its lists for the server API and for messages; all others are `rejected`. */
const CODES: Readonly<Record<PlatformErrorCode, readonly number[]>> = {
  auth_failed: [10003, 10012, 10014, 10015, 99991661, 99991663, 99991664, 99991665, 99991668, 99991671, 514],
  missing_permission: [99991672, 99991679, 230006, 230027, 403],
  rate_limited: [99991400, 230020, 11232, 11233, 11247, 1000040350],
  server_error: [1, 2200, 10001, 50000, 99991401, 1000040343],
  forbidden: [230002, 230013, 230018, 230035, 230038, 232011],
  chat_not_found: [230019, 230034, 232009, 232010, 232025],
  message_not_found: [230011, 230050, 230110, 231003],
  too_long: [230025],
  bad_format: [230099, 200621, 200671, 200861, 11310, 11311],
  attachment_too_large: [234006, 234037],
  network: [],
  timeout: [],
  unknown_outcome: [],
  connection_lost: [],
  conflict: [],
  invalid_settings: [],
  address_in_use: [],
  missing_dependency: [],
  unsupported: [],
  internal: [],
  rejected: [],
}
const CODE_OF = new Map(Object.entries(CODES).flatMap(([code, numbers]) => numbers.map((number) => [number, code as PlatformErrorCode])))

/** Feishu limits by the second and by the minute, and does not always say which. */
const RATE_LIMIT_MS = 1_000

export interface FeishuCallKind {
  /** Doing it twice does no harm, so that an unknown outcome is as good as none. */
  readonly isRepeatable: boolean
  readonly signal: AbortSignal
}

/** A failure of a call, in our words. The library's error is not kept as the cause: it holds the secret and the token. */
export function feishuErrorOf(error: unknown, { isRepeatable, signal }: FeishuCallKind): PlatformError {
  if (error instanceof PlatformError) return error
  if (error instanceof FeishuRefusal) return refusalOf(error, isRepeatable)
  const code = codeOf(error)
  if (code !== undefined && NEVER_LEFT.test(code)) return new PlatformError('network', `Feishu could not be reached: ${code}.`)
  const status = (error as { response?: { status?: unknown } } | null)?.response?.status
  if (status === 401) return new PlatformError('auth_failed', 'Feishu answered 401.')
  if (status === 429) return new PlatformError('rate_limited', 'Feishu answered 429.', { retryAfterMs: RATE_LIMIT_MS })
  // Of a 502 the proxy in front tells nothing of what stands behind it.
  if (!isRepeatable) return new PlatformError('unknown_outcome', `Feishu did not answer: ${code ?? 'no reason'}.`)
  if (typeof status === 'number') return new PlatformError(status >= 500 ? 'server_error' : 'rejected', `Feishu answered ${status}.`)
  const isTimeout = signal.aborted || code === 'ECONNABORTED' || code === 'ETIMEDOUT' || code === 'ERR_CANCELED'
  return new PlatformError(isTimeout ? 'timeout' : 'connection_lost', `Feishu did not answer: ${code ?? 'no reason'}.`)
}

function refusalOf({ feishuCode, status, message, retryAfterMs }: FeishuRefusal, isRepeatable: boolean): PlatformError {
  const words = `Feishu refused with ${feishuCode}: ${message}`
  const known = status === 429 ? 'rate_limited' : CODE_OF.get(feishuCode)
  if (known === 'rate_limited') return new PlatformError('rate_limited', words, { retryAfterMs: retryAfterMs ?? RATE_LIMIT_MS })
  if (known !== undefined) return new PlatformError(known, words)
  if (status >= 500) return new PlatformError(isRepeatable || status === 500 ? 'server_error' : 'unknown_outcome', words)
  return new PlatformError(status === 401 ? 'auth_failed' : 'rejected', words)
}
