import { generateSpecs } from 'hono-openapi'
import type { ApiApp } from './api-context.ts'

const DESCRIPTION = `The HTTP API of a Talaria gateway: OpenAI's Chat Completions, Responses and Conversations over stored sessions, runs that go on without a connection, and the sessions themselves.

Send your key as \`Authorization: Bearer <key>\`. Errors have OpenAI's shape: \`{"error": {"message", "type", "param", "code"}}\`; branch on \`code\`.

Every POST that creates something takes an \`Idempotency-Key\` for 24 hours.`

/** Anybody may ask for it, and making one takes tens of milliseconds. */
const documents = new WeakMap<ApiApp, Promise<OpenApiDocument>>()

/** The OpenAPI 3.1 document of the API, from the schemas that its routes check requests with; made once. */
export function openApiOf(app: ApiApp, version: string): Promise<OpenApiDocument> {
  const known = documents.get(app)
  if (known) return known
  const document = documentOf(app, version)
  documents.set(app, document)
  return document
}

async function documentOf(app: ApiApp, version: string): Promise<OpenApiDocument> {
  const document = await generateSpecs(app, {
    documentation: {
      openapi: '3.1.0',
      info: { title: 'Talaria gateway', version, description: DESCRIPTION },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      tags: [
        { name: 'OpenAI', description: "OpenAI's APIs, for clients that speak them." },
        { name: 'Runs', description: 'Turns that can be submitted, found, followed, steered and stopped from anywhere.' },
        { name: 'Sessions', description: 'Stored conversations.' },
        { name: 'Jobs', description: 'Work that is done at set times.' },
        { name: 'Operation', description: 'For whoever runs the gateway.' },
      ],
    },
  })
  return document as unknown as OpenApiDocument
}

/** As much of OpenAPI as the page under `/docs` shows. */
export interface OpenApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly tags?: readonly { readonly name: string; readonly description?: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
}

export interface OpenApiOperation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean; readonly description?: string }[]
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: Readonly<Record<string, unknown>> }>>
}
