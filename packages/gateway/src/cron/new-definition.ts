import type { CronJobDefinition } from '@talaria/db'
import type { z } from 'zod'
import type { Caller } from '../api/caller.ts'
import { definitionOf, deliverOf, missingSchedule, schedulesOf, type CreateJob } from './job-input.ts'

/** What jobs are unless they say otherwise. */
export interface JobDefaults {
  readonly timezone: string
  readonly timeoutMs: number
}

interface NewDefinition {
  readonly caller: Caller
  readonly platforms: readonly string[]
  readonly defaults: JobDefaults
  readonly now: number
}

/** What a job is that a request makes. @throws ApiError naming the field that is wrong */
export function newDefinition(body: z.output<typeof CreateJob>, { caller, platforms, defaults, now }: NewDefinition): CronJobDefinition {
  const timezone = body.timezone ?? defaults.timezone
  const schedules = schedulesOf(body, { now, timezone }) ?? missingSchedule()
  return {
    model: null,
    instructions: null,
    catchUp: 'one',
    maxLatenessMs: null,
    overlap: 'skip',
    jitterMs: 0,
    timeoutMs: defaults.timeoutMs,
    retries: 0,
    retryBackoffMs: 60_000,
    retryUnknown: false,
    repeat: null,
    origin: null,
    ...definitionOf(body),
    name: body.name,
    prompt: body.prompt,
    timezone,
    schedules,
    deliver: deliverOf(body.deliver, { caller, platforms }) ?? ['session'],
  }
}
