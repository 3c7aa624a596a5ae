import { createHash } from 'node:crypto'
import { codeOf, judgeSecret, secretsEqual, type Log } from '@talaria/core'
import type { FailureThrottle } from '@talaria/core/http'
import type { ApiKeyReader, KeyScope } from '@talaria/db'
import type { Context } from 'hono'
import type { BoardUser } from './routes/board-user.ts'

export interface AuthorizeKeyOptions {
  /** `KANBAN_KEY`. */
  readonly rootKey: string | undefined
  /** Named keys, which the gateway makes. */
  readonly apiKeys: ApiKeyReader
  readonly throttle: FailureThrottle
  readonly log: Log
}

/** What a scope of a named key allows on boards; who may chat may have work done. */
const SCOPES: Readonly<Record<KeyScope, readonly ('read' | 'write' | 'admin')[]>> = {
  read: ['read'],
  chat: ['read', 'write'],
  admin: ['read', 'write', 'admin'],
}

/** Lets in who has the root key or a named one, and says who it is; anybody else gets the answer to send. */
export function authorizeByKey({ rootKey, apiKeys, throttle, log }: AuthorizeKeyOptions) {
  const verdict = judgeSecret(rootKey)
  return async (c: Context): Promise<BoardUser | Response> => {
    const key = /^Bearer +(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (verdict === 'ok' && key !== undefined && secretsEqual(key, rootKey!)) return { actor: 'key:root', scopes: new Set(['read', 'write', 'admin']) }
    const named = key?.startsWith('tal_') ? await findNamed(apiKeys, key) : undefined
    if (named) return { actor: `key:${named.name}`, scopes: new Set(named.scopes.flatMap((scope) => SCOPES[scope])) }
    if (verdict !== 'ok') return refusal(c, 503, 'service_not_ready', `Without a key nobody can be let in here: KANBAN_KEY ${verdict.reason}.`)
    const address = addressOf(c)
    const waitSeconds = throttle.fail(address)
    log.warn({ address, method: c.req.method, path: c.req.path.slice(0, 200), hasKey: key !== undefined }, 'a request without a valid key was refused')
    if (waitSeconds > 0) {
      c.header('Retry-After', String(waitSeconds))
      return refusal(c, 429, 'too_many_failures', 'Too many requests without a valid key from this address.')
    }
    c.header('WWW-Authenticate', 'Bearer')
    return refusal(c, 401, 'invalid_api_key', 'Invalid key (KANBAN_KEY, or a named one). Send it as: Authorization: Bearer <key>.')
  }
}

/** The database of keys is the gateway's; while it has made none there is no named key. */
async function findNamed(apiKeys: ApiKeyReader, key: string) {
  try {
    return await apiKeys.findByHash(createHash('sha256').update(key).digest('hex'))
  } catch (error) {
    if (codeOf(error) === 'NOT_FOUND' || codeOf(error) === 'SCHEMA_TOO_OLD') return undefined
    throw error
  }
}

function refusal(c: Context, status: 401 | 429 | 503, code: string, message: string): Response {
  return c.json({ error: { code, message } }, status)
}

function addressOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } }
  return incoming?.socket?.remoteAddress ?? 'unknown'
}
