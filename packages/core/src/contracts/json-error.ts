import { z } from 'zod'
import type { JsonError } from '../json-error.ts'

/** The envelope in which every service says no; see `jsonError`. */
export const jsonErrorSchema: z.ZodType<JsonError> = z.object({
  error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string().nullable() }),
})
