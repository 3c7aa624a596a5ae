import { z } from 'zod'

/** `limit` of a list: a whole number up to `most`, and a clear refusal of anything else. */
export function limitSchema(fallback: number, most: number) {
  return z.coerce
    .number({ error: `expected a whole number from 1 to ${most}` })
    .int()
    .min(1)
    .max(most)
    .default(fallback)
    .describe(`1 to ${most}; ${fallback} unless given`)
}
