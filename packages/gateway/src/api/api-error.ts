import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** Every refusal the HTTP API makes on purpose, with its status and OpenAI's error type. Branch on the code. */
const CODES = {
  invalid_json: [400, 'invalid_request_error'],
  invalid_request: [400, 'invalid_request_error'],
  invalid_value: [400, 'invalid_request_error'],
  missing_required_parameter: [400, 'invalid_request_error'],
  unknown_parameter: [400, 'invalid_request_error'],
  unsupported_parameter: [400, 'invalid_request_error'],
  unsupported_content_type: [400, 'invalid_request_error'],
  invalid_image_url: [400, 'invalid_request_error'],
  invalid_content_part: [400, 'invalid_request_error'],
  invalid_session_id: [400, 'invalid_request_error'],
  invalid_header: [400, 'invalid_request_error'],
  missing_message: [400, 'invalid_request_error'],
  invalid_pagination: [400, 'invalid_request_error'],
  invalid_idempotency_key: [400, 'invalid_request_error'],
  invalid_approval_choice: [400, 'invalid_request_error'],
  invalid_schedule: [400, 'invalid_request_error'],
  invalid_steer_input: [400, 'invalid_request_error'],
  mutually_exclusive_parameters: [400, 'invalid_request_error'],
  context_length_exceeded: [400, 'invalid_request_error'],
  gateway_auth_failed: [401, 'gateway_auth_error'],
  insufficient_scope: [403, 'permission_error'],
  forbidden_origin: [403, 'permission_error'],
  not_found: [404, 'invalid_request_error'],
  model_not_found: [404, 'invalid_request_error'],
  session_not_found: [404, 'invalid_request_error'],
  run_not_found: [404, 'invalid_request_error'],
  response_not_found: [404, 'invalid_request_error'],
  conversation_not_found: [404, 'invalid_request_error'],
  previous_response_not_found: [404, 'invalid_request_error'],
  key_not_found: [404, 'invalid_request_error'],
  job_not_found: [404, 'invalid_request_error'],
  platform_not_found: [404, 'invalid_request_error'],
  delivery_not_found: [404, 'invalid_request_error'],
  queued_message_not_found: [404, 'invalid_request_error'],
  pairing_not_found: [404, 'invalid_request_error'],
  session_exists: [409, 'invalid_request_error'],
  key_exists: [409, 'invalid_request_error'],
  settings_invalid: [409, 'invalid_request_error'],
  platform_not_controllable: [409, 'invalid_request_error'],
  idempotency_key_conflict: [409, 'invalid_request_error'],
  run_not_accepting_steer: [409, 'invalid_request_error'],
  run_not_active: [409, 'invalid_request_error'],
  approval_not_pending: [409, 'invalid_request_error'],
  pairing_code_wrong: [400, 'invalid_request_error'],
  response_not_cancellable: [400, 'invalid_request_error'],
  body_too_large: [413, 'invalid_request_error'],
  rate_limit_exceeded: [429, 'rate_limit_error'],
  pairing_locked: [429, 'rate_limit_error'],
  too_many_failures: [429, 'rate_limit_error'],
  server_error: [500, 'server_error'],
  run_lost: [503, 'server_error'],
  run_interrupted: [503, 'server_error'],
  agent_failed: [502, 'server_error'],
  storage_unavailable: [503, 'server_error'],
  api_server_not_ready: [503, 'server_error'],
  platform_not_connected: [503, 'server_error'],
  gateway_draining: [503, 'server_error'],
  gateway_paused: [503, 'server_error'],
  gateway_overloaded: [503, 'server_error'],
} as const satisfies Record<string, readonly [ContentfulStatusCode, string]>

export type ApiErrorCode = keyof typeof CODES

export interface ErrorBody {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string | null; readonly position?: number }
}

/** A refusal on its way to the client: thrown anywhere below a route, rendered once by the app's `onError`. */
export class ApiError extends Error {
  readonly code: ApiErrorCode
  readonly status: ContentfulStatusCode
  readonly param: string | null
  /** Where in the text of that parameter it goes wrong, in characters from 0. */
  readonly position: number | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ApiErrorCode,
    message: string,
    options: { readonly param?: string; readonly position?: number; readonly headers?: Record<string, string>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ApiError'
    this.code = code
    this.status = CODES[code][0]
    this.param = options.param ?? null
    this.position = options.position
    this.headers = options.headers ?? {}
  }

  /** The envelope of OpenAI's API: `{ error: { message, type, param, code } }`, with `position` where there is one. */
  body(): ErrorBody {
    const { message, param, code, position } = this
    return { error: { message, type: CODES[code][1], param, code, ...(position !== undefined && { position }) } }
  }
}
