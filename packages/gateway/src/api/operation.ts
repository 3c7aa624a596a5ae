import type { MiddlewareHandler } from 'hono'
import { describeRoute, resolver } from 'hono-openapi'
import type { z } from 'zod'

export interface Operation {
  readonly tag: 'OpenAI' | 'Runs' | 'Sessions' | 'Jobs' | 'Operation'
  readonly summary: string
  readonly description?: string
  readonly body?: z.ZodType
  readonly query?: z.ZodObject
  readonly answer?: z.ZodType
  /** The status of success; 200 unless it says otherwise. */
  readonly status?: 200 | 201 | 202
  /** Answers as server-sent events when asked to (`streams`), or always (`'only'`). */
  readonly streams?: boolean | 'only'
  readonly sessionHeaders?: boolean
  readonly idempotent?: boolean
}

/** Describes a route for `/openapi.json`, from the schemas its handler checks with. Changes nothing about the request. */
export function operation(spec: Operation): MiddlewareHandler {
  const json = spec.answer ? { 'application/json': { schema: resolver(spec.answer) } } : { 'application/json': { schema: { type: 'object' as const } } }
  const events = { 'text/event-stream': { schema: { type: 'string' as const } } }
  const content = spec.streams === 'only' ? events : spec.streams ? { ...json, ...events } : json
  return describeRoute({
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.description && { description: spec.description }),
    security: [{ key: [] }],
    ...(spec.body && { requestBody: { required: true, content: { 'application/json': { schema: resolver(spec.body) } } } }),
    parameters: [
      ...queryParameters(spec.query),
      ...(spec.sessionHeaders ? [header('X-Talaria-Session-Id', 'Continue this session; its stored history replaces the one in the request.')] : []),
      ...(spec.idempotent ? [header('Idempotency-Key', 'Repetitions within 24 hours get the first answer.')] : []),
    ],
    responses: { [spec.status ?? 200]: { description: 'Success', content }, '4XX': { description: 'Refused: see error.code and error.param' } },
  })
}

function header(name: string, description: string) {
  return { name, in: 'header' as const, required: false, description, schema: { type: 'string' as const } }
}

function queryParameters(query: z.ZodObject | undefined) {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query' as const,
    required: false,
    ...((schema as z.ZodType).description && { description: (schema as z.ZodType).description! }),
    schema: { type: 'string' as const },
  }))
}
