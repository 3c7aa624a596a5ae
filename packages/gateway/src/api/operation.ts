import { describeOperation, type DescribedOperation } from '@talaria/core/openapi'
import type { MiddlewareHandler } from 'hono'

export interface Operation extends Omit<DescribedOperation, 'headers'> {
  readonly tag: 'OpenAI' | 'Runs' | 'Sessions' | 'Jobs' | 'Operation'
  readonly sessionHeaders?: boolean
  readonly idempotent?: boolean
}

const SESSION = { name: 'X-Talaria-Session-Id', description: 'Continue this session; its stored history replaces the one in the request.' }
const IDEMPOTENCY = { name: 'Idempotency-Key', description: 'Repetitions within 24 hours get the first answer.' }

/** Describes a route for `/openapi.json`, from the schemas its handler checks with. Changes nothing about the request. */
export function operation({ sessionHeaders, idempotent, ...spec }: Operation): MiddlewareHandler {
  return describeOperation({ ...spec, headers: [...(sessionHeaders ? [SESSION] : []), ...(idempotent ? [IDEMPOTENCY] : [])] })
}
