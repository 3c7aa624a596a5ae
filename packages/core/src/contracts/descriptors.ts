import { z } from 'zod'

const count = z.int().nonnegative()

/** How a process stands with its open descriptors; `null` where its system does not tell. */
export const descriptorReportSchema = z.object({
  level: z.enum(['ok', 'warn', 'shed']),
  used: count.nullable(),
  /** The soft limit; `null` also when there is none. */
  limit: count.nullable(),
  classes: z.object({ database: count, socket: count, pipe: count, file: count, other: count }).nullable(),
})

export type DescriptorReport = z.infer<typeof descriptorReportSchema>
