import type { Context } from 'hono'
import type { z } from 'zod'
import { withoutUnsupported, type Unsupported } from '../openai/parameters.ts'
import { ApiError } from './api-error.ts'

/** 10 MB, as the predecessor has it: a conversation with a few inlined pictures fits. */
export const MAX_BODY_BYTES = 10_000_000

/** Deeper than any real request (a tool's JSON Schema reaches about 20), shallower than what overflows a recursive reader. */
const MAX_DEPTH = 200

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The request's JSON object, checked by `schema`, without the parameters of OpenAI's API that have no effect here.
 *
 * @throws ApiError `body_too_large`, `invalid_json` (not UTF-8, not JSON, not an object, nested too deep), or what
 * {@link withoutUnsupported} and {@link parseInput} raise.
 */
export async function readBody<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
  unsupported: Readonly<Record<string, Unsupported>> = {},
): Promise<z.output<Schema>> {
  return parseInput(schema, withoutUnsupported(parseJsonObject(await readText(c)), unsupported))
}

/** The body as text; an absent body is an empty string. */
export async function readText(c: Context): Promise<string> {
  const known = c.get('bodyText') as string | undefined
  if (known !== undefined) return known
  const declared = Number(c.req.header('content-length') ?? 0)
  if (declared > MAX_BODY_BYTES) throw tooLarge()
  const bytes = new Uint8Array(await readBytes(c))
  if (bytes.byteLength > MAX_BODY_BYTES) throw tooLarge()
  try {
    const text = utf8.decode(bytes)
    c.set('bodyText', text)
    return text
  } catch {
    throw new ApiError('invalid_json', 'The request body is not valid UTF-8.')
  }
}

async function readBytes(c: Context): Promise<ArrayBuffer> {
  // Without a declared length the body is counted while it arrives, so that an endless one is cut at the limit.
  if (c.req.header('content-length') !== undefined || !c.req.header('transfer-encoding')) return c.req.arrayBuffer()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks)).buffer
}

function tooLarge(): ApiError {
  return new ApiError('body_too_large', `The request body is larger than ${MAX_BODY_BYTES} bytes. Send less, or link to images instead of inlining them.`)
}

/** A JSON object out of text. */
function parseJsonObject(text: string): Record<string, unknown> {
  if (depthOf(text) > MAX_DEPTH) throw new ApiError('invalid_json', `The request body is nested deeper than ${MAX_DEPTH} levels.`)
  let value: unknown
  try {
    value = JSON.parse(text === '' ? '{}' : text)
  } catch (error) {
    throw new ApiError('invalid_json', `The request body is not valid JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError(
      'invalid_json',
      `The request body must be a JSON object, not ${value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`}.`,
    )
  }
  if (/\\u[dD][89a-fA-F]/.test(text) && hasLoneSurrogate(value)) {
    throw new ApiError('invalid_json', 'The request body holds half of a surrogate pair (\\ud800 to \\udfff), which is no character and cannot be stored.')
  }
  return value as Record<string, unknown>
}

/** SQLite would store half a pair as U+FFFD: what was accepted would not be what is kept. */
function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed()
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]) => !key.isWellFormed() || hasLoneSurrogate(inner))
}

/** How deep brackets nest, without building anything: counted before parsing, because parsing is what a bomb attacks. */
function depthOf(text: string): number {
  // Most bodies are small and shallow; a text with few opening brackets cannot be deep.
  if (text.length <= MAX_DEPTH) return 0
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (inString) {
      if (char === 92 /* \ */) i++
      else if (char === 34 /* " */) inString = false
    } else if (char === 34) inString = true
    else if (char === 123 || char === 91) deepest = Math.max(deepest, ++depth)
    else if (char === 125 || char === 93) depth--
  }
  return deepest
}

/**
 * Data checked by a zod schema; the error names the first bad field, what was expected, and OpenAI's code for it.
 *
 * @throws ApiError `missing_required_parameter`, `unknown_parameter`, or `invalid_value`, with `param` set.
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw issueToError(deepestIssue(result.error.issues[0]!, []), value)
}

interface Problem {
  readonly path: readonly PropertyKey[]
  readonly issue: z.core.$ZodIssue
}

/** In a union, the branch whose `type` is the client's is the one it meant; else the one that came furthest. */
function deepestIssue(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): Problem {
  const path = [...prefix, ...issue.path]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branches = issue.errors.filter((branch) => branch.length > 0)
    const meant = branches.filter((branch) => !branch.some(({ path: [first] }) => first === 'type'))
    const candidates = (meant.length > 0 ? meant : branches).map((branch) => deepestIssue(branch[0]!, path))
    const best = candidates.toSorted((a, b) => b.path.length - a.path.length)[0]
    if (best && best.path.length > path.length) return best
  }
  return { path, issue }
}

function issueToError({ path, issue }: Problem, value: unknown): ApiError {
  const name = nameOf(path)
  if (issue.code === 'unrecognized_keys') {
    const key = nameOf([...path, issue.keys[0]!])
    return new ApiError('unknown_parameter', `Unknown parameter: '${key}'. Remove it, or look at /openapi.json for what is understood here.`, { param: key })
  }
  if (path.length > 0 && at(value, path) === undefined) {
    return new ApiError('missing_required_parameter', `Missing required parameter: '${name}'.`, { param: name })
  }
  const where = name === '' ? 'the request' : `'${name}'`
  return new ApiError('invalid_value', `Invalid value for ${where}: ${issue.message}`, name === '' ? {} : { param: name })
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value)
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index ? '.' : ''}${String(key)}`)).join('')
}
