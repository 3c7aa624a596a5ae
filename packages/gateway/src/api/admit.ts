import type { Context } from 'hono'
import type { ApiContext, ApiEnv } from './api-context.ts'

/**
 * Refuses a request that would start a turn when none may be started, before anything of it is read. One with an
 * `Idempotency-Key` may be a repetition, which starts nothing; it is judged when it does start one.
 *
 * @throws ApiError as `Turns.admit` does.
 */
export function admit(c: Context<ApiEnv>, { turns }: ApiContext): void {
  if (c.req.header('idempotency-key') === undefined) turns.admit()
}
