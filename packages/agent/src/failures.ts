import type { FailureClass } from './agent.ts'

interface FailureRow {
  readonly code: string
  readonly failure: FailureClass
  /** What an error may carry to be of this row: an HTTP status, a code of ours, of Node's or of the provider's, a class of statuses, an error's name. */
  readonly on: readonly (number | string)[]
  /** For people: sentences. `{target}`, `{provider}`, `{where}`, `{keyVariable}`, `{urlVariable}` and `{detail}` are filled in. */
  readonly message: string
}

/**
 * Every way a model may fail, and what to do about it: the only place where this is decided.
 *
 * `retryable` is tried again and then handed to the next fall-back; `misconfigured` goes to the next fall-back at once;
 * `fatal` would fail anywhere and ends the turn.
 */
export const FAILURES = [
  {
    code: 'model_not_configured',
    failure: 'misconfigured',
    on: ['AI_LoadAPIKeyError', 'AI_LoadSettingError'],
    message: '{target} is not configured: {detail}.',
  },
  {
    code: 'model_key_refused',
    failure: 'misconfigured',
    on: [401, 403, 'invalid_api_key', 'authentication_error', 'permission_error'],
    message: '{provider} refused the key for {target}. Check {keyVariable}.',
  },
  {
    code: 'model_quota_exhausted',
    failure: 'misconfigured',
    on: ['insufficient_quota', 'billing_error', 402],
    message: '{provider} says that the account of {keyVariable} has no credit left.',
  },
  {
    code: 'model_not_found',
    failure: 'misconfigured',
    on: [404, 'not_found_error', 'AI_NoSuchModelError'],
    message: '{provider} at {where} does not know {target}. Check TALARIA_MODEL and {urlVariable}.',
  },
  {
    code: 'model_moved',
    failure: 'misconfigured',
    on: ['3xx'],
    message: '{provider} at {where} answered with a redirect. Set {urlVariable} to the address it has now.',
  },
  {
    code: 'model_certificate_refused',
    failure: 'misconfigured',
    on: [
      'CERT_HAS_EXPIRED',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'EPROTO',
    ],
    message: '{provider} at {where} has a certificate that cannot be trusted: {detail}.',
  },
  {
    code: 'model_rate_limited',
    failure: 'retryable',
    on: [429, 'rate_limit_exceeded', 'rate_limit_error', 'too_many_requests'],
    message: '{provider} takes no more requests for {target} at the moment.',
  },
  {
    code: 'model_timed_out',
    failure: 'retryable',
    on: [408, 504, 'timeout_error'],
    message: '{provider} gave up waiting for {target}.',
  },
  {
    code: 'model_unavailable',
    failure: 'retryable',
    on: [409, '5xx', 'server_error', 'api_error', 'overloaded_error', 'conflict'],
    message: '{provider} cannot answer for {target} at the moment: {detail}.',
  },
  {
    code: 'model_unreachable',
    failure: 'retryable',
    on: ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EMFILE', 'ENFILE'],
    message: '{provider} at {where} cannot be reached ({detail}). Is it running, and is {urlVariable} right?',
  },
  {
    code: 'model_connection_lost',
    failure: 'retryable',
    on: ['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE', 'HPE_INVALID_CONSTANT', 'HPE_INVALID_EOF_STATE', 'UND_ERR_SOCKET'],
    message: 'The connection to {provider} at {where} was lost.',
  },
  {
    code: 'model_connect_timeout',
    failure: 'retryable',
    on: [],
    message: '{provider} at {where} did not accept a connection in time.',
  },
  {
    code: 'model_first_token_timeout',
    failure: 'retryable',
    on: [],
    message: '{target} did not begin to answer in time.',
  },
  {
    code: 'model_idle_timeout',
    failure: 'retryable',
    on: [],
    message: '{target} stopped in the middle of its answer.',
  },
  {
    code: 'model_answer_broken',
    failure: 'retryable',
    on: ['AI_JSONParseError', 'AI_TypeValidationError', 'AI_InvalidResponseDataError', 'AI_EmptyResponseBodyError', 'AI_NoContentGeneratedError'],
    message: '{provider} sent an answer for {target} that cannot be read.',
  },
  {
    code: 'context_too_long',
    failure: 'fatal',
    on: ['context_length_exceeded', 413, 'request_too_large'],
    message: 'The conversation is too long for {target}: {detail}.',
  },
  {
    code: 'model_refused_request',
    failure: 'fatal',
    on: ['4xx', 'invalid_request_error'],
    message: '{target} refused the request: {detail}.',
  },
  {
    code: 'model_lacks_feature',
    failure: 'fatal',
    on: ['AI_UnsupportedFunctionalityError'],
    message: '{target} cannot take this: {detail}.',
  },
  {
    code: 'invalid_content',
    failure: 'fatal',
    on: [],
    message: 'The conversation holds something that cannot be sent to a model: {detail}.',
  },
  {
    code: 'agent_closed',
    failure: 'fatal',
    on: [],
    message: 'The agent is shutting down.',
  },
  {
    code: 'agent_failed',
    failure: 'fatal',
    on: [],
    message: 'Something went wrong inside the agent ({detail}).',
  },
  {
    code: 'model_failed',
    failure: 'fatal',
    on: [],
    message: '{target} failed: {detail}.',
  },
] as const satisfies readonly FailureRow[]

/** The codes of the table. */
export type FailureCode = (typeof FAILURES)[number]['code']

/** One row of the table. */
export type Failure = FailureRow & { readonly code: FailureCode }

const BY_KEY: ReadonlyMap<string, Failure> = new Map(FAILURES.flatMap((row: Failure) => [row.code, ...row.on].map((key) => [String(key), row] as const)))

/** The row of the first key that has one; keys that say more come first. */
export function failureOf(keys: readonly (number | string)[]): Failure {
  for (const key of keys) {
    const row = BY_KEY.get(String(key))
    if (row) return row
  }
  return BY_KEY.get('model_failed')!
}
