import type { Route } from '@talaria/db'
import { z } from 'zod'

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const

const RouteChoices = z.object({
  /** Tools run without asking. */
  yolo: z.boolean().optional().catch(undefined),
  /** Answers end with the model and the tokens that they took. */
  footer: z.boolean().optional().catch(undefined),
  reasoningEffort: z.enum(EFFORTS).optional().catch(undefined),
})

/** What people chose for one conversation, by commands. */
export type RouteChoices = z.infer<typeof RouteChoices>

/** How much a model may think before it answers. */
export const REASONING_EFFORTS = EFFORTS

/** The choices that a route's settings hold; what is not one of ours is left out. */
export function routeChoicesOf({ settings }: Pick<Route, 'settings'>): RouteChoices {
  return RouteChoices.parse(settings)
}
