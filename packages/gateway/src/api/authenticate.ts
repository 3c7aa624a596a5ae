import { createHash } from 'node:crypto'
import { secretsEqual, type Log } from '@talaria/core'
import type { FailureThrottle } from '@talaria/core/http'
import type { ApiKeyStore } from '@talaria/db'
import type { Context, MiddlewareHandler } from 'hono'
import type { ApiEnv } from './api-context.ts'
import { ApiError } from './api-error.ts'
import { keyCaller, rootCaller, type Caller } from './caller.ts'
import { ourHeader } from './our-headers.ts'

export interface AuthenticateOptions {
  readonly rootKey: string
  readonly apiKeys: ApiKeyStore
  readonly throttle: FailureThrottle
  readonly log: Log
}

/** Named keys begin so, which tells them from the root key without a question to the database. */
export const KEY_PREFIX = 'tal_'

/** What is kept of a named key. */
export function hashOfKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** Lets in who has the root key or a named one, and remembers who it is. */
export function authenticate(options: AuthenticateOptions): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set('caller', await callerOf(c, options))
    await next()
  }
}

/** @throws ApiError `gateway_auth_failed`, `too_many_failures`, and `insufficient_scope` for a user one may not act for. */
export async function callerOf(c: Context<ApiEnv>, { rootKey, apiKeys, throttle, log }: AuthenticateOptions): Promise<Caller> {
  const key = /^Bearer +(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  if (key !== undefined) {
    if (secretsEqual(key, rootKey)) return rootCaller(ourHeader(c, 'User'))
    const known = key.startsWith(KEY_PREFIX) ? await apiKeys.findByHash(hashOfKey(key)) : undefined
    if (known) {
      void apiKeys.touch(known).catch((error: unknown) => log.warn({ err: error }, 'the last use of a key could not be noted'))
      return keyCaller(known, ourHeader(c, 'User'))
    }
  }
  const address = addressOf(c)
  const waitSeconds = throttle.fail(address)
  log.warn({ address, method: c.req.method, path: c.req.path.slice(0, 200), hasKey: key !== undefined }, 'a request without a valid key was refused')
  if (waitSeconds > 0)
    throw new ApiError('too_many_failures', 'Too many requests without a valid key from this address.', { headers: { 'Retry-After': String(waitSeconds) } })
  throw new ApiError('gateway_auth_failed', 'Invalid gateway API key (API_SERVER_KEY). Send it as: Authorization: Bearer <key>.', {
    headers: { 'WWW-Authenticate': 'Bearer' },
  })
}

function addressOf(c: Context<ApiEnv>): string {
  const incoming = c.env?.incoming as { socket?: { remoteAddress?: string } } | undefined
  return incoming?.socket?.remoteAddress ?? 'unknown'
}
