import { z } from 'zod'

/**
 * How a platform is doing. `not_configured`: it lacks what it needs and is not tried; `disabled`: switched off by a
 * setting; `misconfigured`: what it has cannot work, and is not retried; `starting` and `connected` mean what they say;
 * `retrying`: it failed and will be tried again; `failed`: it will not; `stopped`: by shutdown.
 */
export const platformStateSchema = z.enum(['not_configured', 'disabled', 'misconfigured', 'starting', 'connected', 'retrying', 'failed', 'stopped'])

export type PlatformState = z.infer<typeof platformStateSchema>

/** One chat service or API of a gateway. */
export const platformStatusSchema = z.object({
  name: z.string(),
  state: platformStateSchema,
  /** Why, in a sentence that names what to set; `null` when there is nothing to say. */
  reason: z.string().nullable(),
  /** Since when it is in this state, in milliseconds since the epoch. */
  since: z.int(),
})

export type PlatformStatus = z.infer<typeof platformStatusSchema>

/** What `talaria status` shows of a running service. */
export const serviceStatusSchema = z.object({
  service: z.string(),
  version: z.string(),
  pid: z.int(),
  status: z.enum(['starting', 'running', 'draining']),
  startedAt: z.int(),
  platforms: z.array(platformStatusSchema),
})

export type ServiceStatus = z.infer<typeof serviceStatusSchema>
