import { checkForLeaks } from '@talaria/db/testing'
import type { OpenAPIV3_1 } from 'openapi-types'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Json } from '../../test/api-client.ts'
import { startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'
import { ChatRequest } from '../openai/chat-request.ts'
import { CHAT_UNSUPPORTED, COMPACT_UNSUPPORTED, INPUT_TOKENS_UNSUPPORTED, RESPONSES_UNSUPPORTED } from '../openai/parameters.ts'
import { CompactRequest, InputTokensRequest, ResponseRequest } from '../openai/response-request.ts'
import type { ApiEnv } from './api-context.ts'
import { openApiOf } from './openapi.ts'

checkForLeaks()

const METHODS = ['get', 'post', 'patch', 'delete'] as const

async function documentOf(t: TestGateway): Promise<OpenAPIV3_1.Document> {
  const response = await t.api.as(undefined).get('/openapi.json')
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
  return (await response.json()) as OpenAPIV3_1.Document
}

function operationsOf({ paths }: OpenAPIV3_1.Document) {
  return Object.entries(paths!).flatMap(([path, item]) =>
    METHODS.filter((method) => item?.[method]).map((method) => ({ method, path, operation: item![method] as Json })),
  )
}

/** What OpenAPI 3.1 demands of the objects that are in use here (https://spec.openapis.org/oas/v3.1.0). */
const Schema = z.union([z.boolean(), z.record(z.string(), z.unknown())])
const Media = z.record(z.string(), z.strictObject({ schema: Schema }))
const Parameter = z.strictObject({
  name: z.string().min(1),
  in: z.enum(['query', 'header', 'path']),
  required: z.boolean().optional(),
  description: z.string().optional(),
  schema: Schema,
})
const Operation = z.strictObject({
  tags: z.array(z.string()).min(1),
  operationId: z.string(),
  summary: z.string().min(1),
  description: z.string().optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(Parameter).optional(),
  requestBody: z.strictObject({ required: z.boolean(), content: Media }).optional(),
  responses: z.record(z.string().regex(/^(\d{3}|[1-5]XX|default)$/), z.strictObject({ description: z.string(), content: Media.optional() })),
})
const Document = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  tags: z.array(z.strictObject({ name: z.string(), description: z.string() })),
  paths: z.record(z.string().startsWith('/'), z.record(z.enum(METHODS), Operation.optional())),
  components: z.strictObject({
    securitySchemes: z.record(z.string(), z.strictObject({ type: z.literal('http'), scheme: z.literal('bearer') })),
    schemas: z.record(z.string(), Schema).optional(),
  }),
})

test('the document is OpenAPI 3.1', async () => {
  await using t = await startTestGateway()
  const document = Document.parse(await documentOf(t))
  const ids = operationsOf(document as never).map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { path, operation } of operationsOf(document as never)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    expect([path, operation.parameters.filter(({ in: where }: Json) => where === 'path').map(({ name, required }: Json) => [name, required])]).toEqual([
      path,
      inPath.map((name) => [name, true]),
    ])
    for (const tag of operation.tags) expect(document.tags.map(({ name }) => name)).toContain(tag)
    for (const scheme of operation.security) expect(Object.keys(document.components.securitySchemes)).toEqual(expect.arrayContaining(Object.keys(scheme)))
  }
})

test('every reference in the document leads somewhere', async () => {
  await using t = await startTestGateway()
  const document = await documentOf(t)
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!)
  for (const reference of references) {
    const target = reference
      .replace(/^#\//, '')
      .split('/')
      .reduce<Json>((inner, key) => inner?.[key.replaceAll('~1', '/')], document)
    expect([reference, typeof target]).toEqual([reference, 'object'])
  }
})

test('the document and the capabilities list every route there is, and no other', async () => {
  await using t = await startTestGateway()
  const { endpoints } = await t.api.json(t.api.get('/v1/capabilities'))
  const listed = endpoints.map(({ method, path }: Json) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  const documented = operationsOf(await documentOf(t)).map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  expect(documented.toSorted()).toEqual(listed.toSorted())
  expect(new Set(listed).size).toBe(listed.length)
  for (const { method, path } of endpoints) {
    const { status } = await t.api.call(method, path.replaceAll(/:\w+/g, 'x'))
    const text = await (await t.api.call(method, path.replaceAll(/:\w+/g, 'x'))).text()
    // Whatever else is wrong with such a request, somebody answers it.
    expect([method, path, status === 404 && text.includes('Nothing is at')]).toEqual([method, path, false])
  }
  for (const wanted of [
    'GET /v1/models/{id}',
    'POST /v1/responses/{id}/cancel',
    'GET /v1/runs/{id}/events',
    'GET /api/sessions/search',
    'POST /api/sessions/{id}/chat/stream',
    'DELETE /v1/conversations/{id}/items/{item}',
  ])
    expect(listed).toContain(wanted)
})

test('the capabilities name each parameter that has no effect, and why', async () => {
  await using t = await startTestGateway({ env: { API_SERVER_MODEL_NAME: 'mine', API_SERVER_MAX_CONCURRENT_RUNS: '7' } })
  const { unsupported_parameters: unsupported, model, limits } = await t.api.json(t.api.get('/v1/capabilities'))
  const tables = {
    '/v1/chat/completions': CHAT_UNSUPPORTED,
    '/v1/responses': RESPONSES_UNSUPPORTED,
    '/v1/responses/input_tokens': INPUT_TOKENS_UNSUPPORTED,
    '/v1/responses/compact': COMPACT_UNSUPPORTED,
  }
  expect(unsupported).toEqual(
    Object.fromEntries(Object.entries(tables).map(([path, table]) => [path, Object.fromEntries(Object.entries(table).map(([name, { why }]) => [name, why]))])),
  )
  expect([model, limits]).toEqual(['mine', { max_concurrent_runs: 7, max_body_bytes: 10_000_000 }])
})

test('what the document says of a body is what checks it', async () => {
  await using t = await startTestGateway()
  const operations = operationsOf(await documentOf(t))
  const bodyOf = (path: string) =>
    operations.find((one) => one.method === 'post' && one.path === path)!.operation.requestBody.content['application/json'].schema
  for (const [path, schema] of [
    ['/v1/chat/completions', ChatRequest],
    ['/v1/responses', ResponseRequest],
    ['/v1/responses/input_tokens', InputTokensRequest],
    ['/v1/responses/compact', CompactRequest],
  ] as const) {
    const { $schema: _, ...expected } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' })
    expect([path, bodyOf(path)]).toEqual([path, expected])
    expect(Object.keys(bodyOf(path).properties)).toEqual(Object.keys(schema.shape))
    expect(bodyOf(path).additionalProperties).toBe(false)
  }
  for (const { method, path, operation } of operations) {
    if (!operation.requestBody) continue
    const { properties, required = [] } = operation.requestBody.content['application/json'].schema
    // A field that the document does not know is refused, and one that it demands is missed.
    const target = path.replaceAll(/\{\w+\}/g, 'x')
    const refused = await t.api.refusal(t.api.call(method, target, { body: { __unknown: 1 } }))
    const isThere = refused.status !== 404
    if (isThere) expect([path, refused.param]).toEqual([path, expect.toBeOneOf(['__unknown', ...required])])
    expect(Object.keys(properties).length).toBeGreaterThan(0)
  }
})

test('the document says which routes stream, which take a key for repetitions, and what they answer', async () => {
  await using t = await startTestGateway()
  const operations = operationsOf(await documentOf(t))
  const find = (method: string, path: string) => operations.find((one) => one.method === method && one.path === path)!.operation
  expect(Object.keys(find('post', '/v1/chat/completions').responses['200'].content)).toEqual(['application/json', 'text/event-stream'])
  expect(Object.keys(find('get', '/v1/runs/{id}/events').responses['200'].content)).toEqual(['text/event-stream'])
  expect(Object.keys(find('post', '/api/sessions').responses)).toContain('201')
  expect(Object.keys(find('post', '/v1/runs').responses)).toContain('202')
  const headers = (operation: Json) => operation.parameters.filter(({ in: where }: Json) => where === 'header').map(({ name }: Json) => name)
  expect(headers(find('post', '/v1/responses'))).toEqual(expect.arrayContaining(['X-Talaria-Session-Id', 'Idempotency-Key']))
  expect(headers(find('post', '/api/keys'))).toEqual([])
})

test('the page for people shows every route, without a script and without anything from elsewhere', async () => {
  await using t = await startTestGateway()
  const response = await t.api.as(undefined).get('/docs')
  const page = await response.text()
  expect(response.headers.get('content-type')).toContain('text/html')
  for (const { method, path, operation } of operationsOf(await documentOf(t))) {
    expect(page).toContain(`<b class="${method}">${method.toUpperCase()}</b> <code>${path}</code>`)
    expect(page).toContain(operation.summary.replaceAll("'", '&#39;').replaceAll('"', '&quot;'))
  }
  expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\son\w+=/i)
  expect([...page.matchAll(/(?:href|src)="([^"]*)"/g)].map((match) => match[1])).toEqual(['/openapi.json'])
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
})

test('the document is made once, however often it is asked for', () => {
  const app = new Hono<ApiEnv>()
  expect(openApiOf(app, '1')).toBe(openApiOf(app, '1'))
})
