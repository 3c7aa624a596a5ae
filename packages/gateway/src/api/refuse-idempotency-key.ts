import type { Context } from 'hono'
import { ApiError } from './api-error.ts'

/** Says no to a key on a route whose answer is not kept, rather than to take it for nothing. @throws ApiError `unsupported_parameter`. */
export function refuseIdempotencyKey(c: Context, why: string): void {
  if (c.req.header('idempotency-key') === undefined) return
  throw new ApiError('unsupported_parameter', `Idempotency-Key is not taken here: ${why}.`, { param: 'Idempotency-Key' })
}
