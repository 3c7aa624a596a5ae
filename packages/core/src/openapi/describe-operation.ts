import type { MiddlewareHandler } from 'hono'
import { describeRoute, resolver } from 'hono-openapi'
import type { z } from 'zod'

/** A route as its documentation shows it. */
export interface DescribedOperation {
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly body?: z.ZodType
  /** What a body may be besides JSON, by media type. */
  readonly uploads?: readonly string[]
  readonly query?: z.ZodObject
  readonly headers?: readonly { readonly name: string; readonly description: string }[]
  readonly answer?: z.ZodType
  /** The status of success; 200 unless it says otherwise. */
  readonly status?: 200 | 201 | 202
  /** Answers as server-sent events when asked to (`streams`), or always (`'only'`). */
  readonly streams?: boolean | 'only'
  /** What it answers with when that is not JSON. */
  readonly mediaType?: string
}

/** Describes a route for the OpenAPI document, from the schemas its handler checks with. Changes nothing about the request. */
export function describeOperation(spec: DescribedOperation): MiddlewareHandler {
  return describeRoute({
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.description && { description: spec.description }),
    security: [{ key: [] }],
    ...requestBody(spec),
    parameters: [...queryParameters(spec.query), ...(spec.headers ?? []).map(headerParameter)],
    responses: {
      [spec.status ?? 200]: { description: 'Success', content: answerContent(spec) },
      '4XX': { description: 'Refused: see error.code and error.param' },
    },
  })
}

function requestBody({ body, uploads = [] }: DescribedOperation) {
  const json = body && { 'application/json': { schema: resolver(body) } }
  const files = Object.fromEntries(uploads.map((type) => [type, { schema: { type: 'string' as const, format: 'binary' } }]))
  return (json || uploads.length > 0) && { requestBody: { required: true, content: { ...json, ...files } } }
}

function answerContent({ answer, streams, mediaType }: DescribedOperation) {
  if (mediaType !== undefined) return { [mediaType]: { schema: { type: 'string' as const, format: 'binary' } } }
  const json = { 'application/json': { schema: answer ? resolver(answer) : { type: 'object' as const } } }
  const events = { 'text/event-stream': { schema: { type: 'string' as const } } }
  return streams === 'only' ? events : streams ? { ...json, ...events } : json
}

function headerParameter({ name, description }: { readonly name: string; readonly description: string }) {
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
