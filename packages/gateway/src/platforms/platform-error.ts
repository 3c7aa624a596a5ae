import { TalariaError } from '@talaria/core'

/** What to do about a failure of the connection, and of a message. */
export interface FailurePolicy {
  /** `retryable`: try again, with back-off; `fatal`: it will not get better by itself; `misconfigured`: a person must change a setting. */
  readonly connection: 'retryable' | 'fatal' | 'misconfigured'
  /** `retry`; `uncertain`: it may have arrived; `park`: the chat is gone or closed to us; `dead`: this message can never be sent. */
  readonly message: 'retry' | 'uncertain' | 'park' | 'dead'
}

/** One table for all platforms: adapters say what happened, never what to do. */
export const PLATFORM_FAILURES = {
  /** Nobody was reached; nothing of the request left. */
  network: { connection: 'retryable', message: 'retry' },
  timeout: { connection: 'retryable', message: 'retry' },
  /** The request left and no answer came: it may have been done. */
  unknown_outcome: { connection: 'retryable', message: 'uncertain' },
  rate_limited: { connection: 'retryable', message: 'retry' },
  server_error: { connection: 'retryable', message: 'retry' },
  connection_lost: { connection: 'retryable', message: 'retry' },
  /** Somebody else uses the same credentials; it may stop. */
  conflict: { connection: 'retryable', message: 'retry' },
  auth_failed: { connection: 'misconfigured', message: 'retry' },
  missing_permission: { connection: 'misconfigured', message: 'park' },
  invalid_settings: { connection: 'misconfigured', message: 'dead' },
  address_in_use: { connection: 'misconfigured', message: 'retry' },
  missing_dependency: { connection: 'misconfigured', message: 'dead' },
  unsupported: { connection: 'fatal', message: 'dead' },
  internal: { connection: 'retryable', message: 'retry' },
  chat_not_found: { connection: 'retryable', message: 'park' },
  forbidden: { connection: 'retryable', message: 'park' },
  message_not_found: { connection: 'retryable', message: 'dead' },
  too_long: { connection: 'retryable', message: 'dead' },
  bad_format: { connection: 'retryable', message: 'dead' },
  attachment_too_large: { connection: 'retryable', message: 'dead' },
  rejected: { connection: 'retryable', message: 'dead' },
} as const satisfies Readonly<Record<string, FailurePolicy>>

export type PlatformErrorCode = keyof typeof PLATFORM_FAILURES

/** That a chat service failed, in our words. */
export class PlatformError extends TalariaError {
  declare readonly code: PlatformErrorCode
  /** How long the service asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(code: PlatformErrorCode, message: string, options: { readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
    super(code, message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'PlatformError'
    this.retryAfterMs = options.retryAfterMs
  }

  /** What is to be done about it. */
  get policy(): FailurePolicy {
    return PLATFORM_FAILURES[this.code]
  }
}
