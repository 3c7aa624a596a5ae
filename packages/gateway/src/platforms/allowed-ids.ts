import { list, text } from '@talaria/core/config'
import type { z } from 'zod'

/**
 * Ids of those who are allowed. `*` is none of them: what opens a platform to everybody is a setting of its own, which
 * nobody sets by mistake and health shows.
 */
export function allowedIds(what: 'user' | 'chat' | 'role', openBy: string): z.ZodType<readonly string[]> {
  const id = text(`an id of a ${what}`)
  return list(id.refine((value) => value !== '*').describe(`${id.description}; not *, for which there is ${openBy}`))
}
