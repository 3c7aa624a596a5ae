import { z } from 'zod'
import { descriptorReportSchema } from './descriptors.ts'

/** `GET /health` of every service: that it lives, and whether it still takes new work. */
export const healthSchema = z.object({
  status: z.enum(['ok', 'draining']),
  /** `gateway`, `webui` or `kanban`. */
  service: z.string(),
  version: z.string(),
})

export type Health = z.infer<typeof healthSchema>

const checkStatusSchema = z.enum(['ok', 'degraded', 'failed'])

/** How one thing that a service depends on is doing. */
export const checkReportSchema = z.object({
  name: z.string(),
  status: checkStatusSchema,
  /** A sentence for people; `null` when there is nothing to say. */
  detail: z.string().nullable(),
  ms: z.number().nonnegative(),
})

export type CheckReport = z.infer<typeof checkReportSchema>

/** `GET /health/deep`: whether the product can be used. The status is the worst of all; `failed` is answered with 503. */
export const deepHealthSchema = z.object({
  status: checkStatusSchema,
  service: z.string(),
  version: z.string(),
  checks: z.array(checkReportSchema),
  descriptors: descriptorReportSchema,
  eventLoopDelay: z.object({ p50Ms: z.number(), p99Ms: z.number(), maxMs: z.number(), windowMs: z.number() }),
})

export type DeepHealth = z.infer<typeof deepHealthSchema>
