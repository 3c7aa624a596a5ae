import { z } from 'zod'
import { descriptorReportSchema } from './descriptors.ts'

const timeMs = z.int().describe('milliseconds since the epoch')

/** One open connection to a database, and who has borrowed it right now. */
export const handleReportSchema = z.object({
  file: z.string(),
  role: z.enum(['reader', 'writer']),
  openedAt: timeMs,
  /** `where` is the stack at which the lease was taken. */
  leases: z.array(z.object({ since: timeMs, where: z.string() })),
})

export type HandleReport = z.infer<typeof handleReportSchema>

/** `GET /handles` of every service: which component holds each database, and how many descriptors of the rest there are. */
export const handlesReportSchema = z.object({
  service: z.string(),
  version: z.string(),
  pid: z.int(),
  handles: z.array(handleReportSchema),
  /** How many descriptors those handles are expected to have at most, by the documented formula. */
  expectedDatabaseDescriptors: z.int().nonnegative(),
  descriptors: descriptorReportSchema,
})

export type HandlesReport = z.infer<typeof handlesReportSchema>
