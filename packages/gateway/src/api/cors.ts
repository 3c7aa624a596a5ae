import { isAllowedOrigin } from '@talaria/core/http'
import type { MiddlewareHandler } from 'hono'
import { answerWith } from './answer-headers.ts'
import { ApiError } from './api-error.ts'
import type { ApiEnv } from './api-context.ts'

const METHODS = 'GET, POST, PATCH, DELETE, OPTIONS'

const REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'Last-Event-ID',
  'OpenAI-Beta',
  ...['Session-Id', 'Session-Key', 'User', 'Events', 'On-Disconnect'].flatMap((name) => [`X-Talaria-${name}`, `X-Hermes-${name}`]),
]

const RESPONSE_HEADERS = 'X-Talaria-Session-Id, X-Hermes-Session-Id, X-Talaria-Run-Id, X-Request-Id, Idempotency-Replayed, Retry-After'

/** OpenAI's clients send headers of this kind about themselves. */
const CLIENT_HEADERS = /^x-stainless-[a-z-]+$/

/**
 * Which web pages may use the API from a browser: those of the server itself and of the origins in the list, where `*`
 * is every one. A page of another origin is refused before anything is done for it, not only kept from reading the answer.
 */
export function cors(origins: readonly string[]): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const origin = c.req.header('origin')
    if (origin === undefined) return next()
    if (!isSameOrigin(origin, c.req.header('host')) && !isAllowedOrigin(origin, origins)) {
      throw new ApiError('forbidden_origin', `Requests from ${origin.slice(0, 200)} are not allowed. Add it to API_SERVER_CORS_ORIGINS to allow them.`)
    }
    const allowed = { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': RESPONSE_HEADERS, Vary: 'Origin' }
    if (c.req.method !== 'OPTIONS' || c.req.header('access-control-request-method') === undefined) return answerWith(c, allowed, next)
    return c.body(null, 204, {
      ...allowed,
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': allowedHeaders(c.req.header('access-control-request-headers')),
      'Access-Control-Max-Age': '600',
    })
  }
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
}

function allowedHeaders(requested: string | undefined): string {
  const ofClient = (requested ?? '').split(',').map((name) => name.trim().toLowerCase())
  return [...REQUEST_HEADERS, ...ofClient.filter((name) => CLIENT_HEADERS.test(name))].join(', ')
}
