import { InputError, parseInput as parse, parseJsonObject, readBodyText } from '@talaria/core/http'
import type { Context } from 'hono'
import type { z } from 'zod'
import { withoutUnsupported, type Unsupported } from '../openai/parameters.ts'
import { ApiError } from './api-error.ts'

/** 10 MB, as the predecessor has it: a conversation with a few inlined pictures fits. */
export const MAX_BODY_BYTES = 10_000_000

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
  const text = await readText(c)
  return parseInput(
    schema,
    withoutUnsupported(
      refusing(() => parseJsonObject(text)),
      unsupported,
    ),
  )
}

/** The body as text; an absent body is an empty string. */
export async function readText(c: Context): Promise<string> {
  const known = c.get('bodyText') as string | undefined
  if (known !== undefined) return known
  const text = await readBodyText(c, MAX_BODY_BYTES).catch((error: unknown) => {
    throw refusalOf(error)
  })
  c.set('bodyText', text)
  return text
}

/**
 * Data checked by a zod schema; the error names the first bad field, what was expected, and OpenAI's code for it.
 *
 * @throws ApiError `missing_required_parameter`, `unknown_parameter`, or `invalid_value`, with `param` set.
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  return refusing(() => parse(schema, value))
}

function refusing<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw refusalOf(error)
  }
}

/** In the words of OpenAI's API. */
function refusalOf(error: unknown): Error {
  if (!(error instanceof InputError)) return error as Error
  return new ApiError(error.code, error.message, error.param === undefined ? {} : { param: error.param })
}
