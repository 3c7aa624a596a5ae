import { parseInput, parseJsonObject, readBodyText } from '@talaria/core/http'
import type { Context } from 'hono'
import type { z } from 'zod'

/** A body of a million characters fits, escaped one by one. */
const MAX_JSON_BYTES = 10_000_000

/** The request's JSON object, checked by `schema`. @throws InputError */
export async function readJson<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> {
  return parseInput(schema, parseJsonObject(await readBodyText(c, MAX_JSON_BYTES)))
}

/** The request's query, checked by `schema`; an empty value is one that was not given. @throws InputError */
export function readQuery<Schema extends z.ZodType>(c: Context, schema: Schema): z.output<Schema> {
  return parseInput(schema, Object.fromEntries(Object.entries(c.req.query()).filter(([, value]) => value !== '')))
}
