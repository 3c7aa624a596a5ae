import { oneOf } from '@talaria/core/config'
import { z } from 'zod'

const words = () => z.union([z.string(), z.array(z.string())]).transform((value) => (typeof value === 'string' ? [value] : value))
const plain = z.union([z.string(), z.number(), z.boolean()]).transform(String)

/** The schema of one route as it is declared in `config.yaml`. An unknown key is an error: it is a typing error whose effect would be silence. */
export const webhookRoute = z.strictObject({
  secret: z.string().optional(),
  signature: oneOf('github', 'gitlab', 'stripe', 'svix', 'generic').default('generic'),
  /** How far the time in a signature may be from ours. */
  tolerance_seconds: z.number().int().min(1).max(3_600).default(300),
  /** `push` or `pull_request.opened`; all events when empty. */
  events: words().default([]),
  /** What the payload must say at these paths: one of these values. */
  filters: z
    .record(
      z.string(),
      z.union([plain, z.array(plain)]).transform((value) => (Array.isArray(value) ? value : [value])),
    )
    .default({}),
  prompt: z.string().optional(),
  deliver: words().default(['log']),
  deliver_only: z.boolean().default(false),
  enabled: z.boolean().default(true),
})

/** A path at which deliveries of one sender come in, and what becomes of them. */
export type WebhookRoute = z.infer<typeof webhookRoute>
