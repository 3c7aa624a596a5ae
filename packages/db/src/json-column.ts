import type { z } from 'zod'
import { DatabaseError } from './errors.ts'

/**
 * The value of a JSON column, checked at the store's edge.
 *
 * @throws DatabaseError `BAD_ROW` naming the column, when somebody else's hands were in the file.
 */
export function decodeJson<Output>(text: string, schema: z.ZodType<Output>, column: string): Output {
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw new DatabaseError('BAD_ROW', `A row's ${column} does not hold what belongs there.`, { cause: error })
  }
}

/** `null` stays `null`. */
export function decodeNullableJson<Output>(text: string | null, schema: z.ZodType<Output>, column: string): Output | null {
  return text === null ? null : decodeJson(text, schema, column)
}

/** Absent and `null` become SQL's null. */
export function encodeJson(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value)
}
