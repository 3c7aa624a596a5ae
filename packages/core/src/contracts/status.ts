import { z } from 'zod'

/**
 * How a platform is doing. `disabled`: switched off by a setting; `not_configured`: it lacks what it needs and is not
 * tried; `misconfigured`: what it has cannot work, and is not retried; `connecting`, `connected`; `degraded`: connected,
 * but not all of it works; `backing_off`: it failed and will be tried again; `failed`: it will not; `paused`: by an
 * operator; `stopped`: not started yet, or by shutdown.
 */
export const platformStateSchema = z.enum([
  'disabled',
  'not_configured',
  'misconfigured',
  'connecting',
  'connected',
  'degraded',
  'backing_off',
  'failed',
  'paused',
  'stopped',
])

export type PlatformState = z.infer<typeof platformStateSchema>

/** One chat service or API of a gateway. */
export const platformStatusSchema = z.object({
  name: z.string(),
  state: platformStateSchema,
  /** Why, in a sentence that names what to set; `null` when there is nothing to say. */
  reason: z.string().nullable(),
  /** Since when it is in this state, in milliseconds since the epoch. */
  since: z.int(),
  /** When it will be tried again, in milliseconds since the epoch; `null` when no attempt is planned. */
  nextAttemptAt: z.int().nullable(),
  /** Attempts to connect since the start of the service. */
  attempts: z.int().nonnegative(),
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
