import type { Clock } from '@talaria/core'
import { z } from 'zod'
import { defineTool } from './define-tool.ts'
import type { Tool } from './tool.ts'

/** A tool that tells the time, because a model cannot know it. */
export function currentTime(clock: Clock): Tool {
  return defineTool({
    name: 'current_time',
    description: 'Tells the current date and time in a time zone.',
    args: z.strictObject({
      time_zone: z
        .string()
        .refine(isTimeZone, 'not an IANA time zone such as Europe/Berlin')
        .default('UTC')
        .describe('An IANA time zone such as Europe/Berlin'),
    }),
    run({ time_zone: timeZone }) {
      const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long', timeZone })
      return `${format.format(clock.now())} (${timeZone})`
    },
  })
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
