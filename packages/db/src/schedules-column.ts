import type { Schedule } from '@talaria/core/schedule'
import { z } from 'zod'

/** A column of schedules, as JSON. */
export const SchedulesColumn: z.ZodType<readonly Schedule[]> = z.array(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('cron'), text: z.string(), expression: z.string() }),
    z.object({ kind: z.literal('every'), text: z.string(), everyMs: z.number(), anchor: z.number() }),
    z.object({ kind: z.literal('once'), text: z.string(), at: z.number() }),
  ]),
)
