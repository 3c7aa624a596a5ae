import { z } from 'zod'
import { ApiError } from './api-error.ts'

/** A cursor is opaque to clients: JSON in base64url. */
export function encodeCursor(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** @throws ApiError `invalid_pagination` for what this server did not give out. */
export function decodeCursor<Output>(cursor: string, schema: z.ZodType<Output>): Output {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    throw new ApiError('invalid_pagination', "'after' must be the cursor that an earlier page gave out.", { param: 'after' })
  }
}

/** OpenAI's list: `first_id` and `last_id` are what `after` takes. */
export function listOf<Item extends { readonly id: string }>(items: readonly Item[], hasMore: boolean) {
  return { object: 'list', data: items, first_id: items[0]?.id ?? null, last_id: items.at(-1)?.id ?? null, has_more: hasMore }
}
