import { RequestError } from '@hono/node-server'
import { createId } from '../ids.ts'
import { jsonError } from '../json-error.ts'
import type { Log } from '../log.ts'

/**
 * The answer to a request that no application answered: 400 if it cannot be read as one (an impossible URL or Host),
 * else 500 with an id that stands in the log beside the error, and no detail.
 */
export function responseOfFailure(error: unknown, log: Log): Response {
  if (error instanceof RequestError) {
    return Response.json(jsonError(`This is no request that can be answered: ${error.message}.`, { type: 'invalid_request_error', code: 'invalid_request' }), {
      status: 400,
    })
  }
  const id = createId('err')
  log.error({ err: error, errorId: id }, 'A request failed outside of the application.')
  return Response.json(jsonError(`Something went wrong here. The log has it as ${id}.`, { type: 'server_error', code: 'server_error' }), { status: 500 })
}
