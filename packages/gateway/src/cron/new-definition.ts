import type { CronJobDefinition } from '@talaria/db'
import type { z } from 'zod'
import { definitionOf, missingSchedule, schedulesOf, type CreateJob } from './job-input.ts'

/** What jobs are unless they say otherwise. */
export interface JobDefaults {
  readonly timezone: string
  readonly timeoutMs: number
}

interface NewDefinition {
  /** Where its output goes, by those who may say so. */
  readonly deliver: readonly string[]
  readonly defaults: JobDefaults
  readonly now: number
}

/** What a job is that a request makes. @throws ApiError naming the field that is wrong */
export function newDefinition(body: z.output<typeof CreateJob>, { deliver, defaults, now }: NewDefinition): CronJobDefinition {
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
    approvals: 'deny',
    ...definitionOf(body),
    name: body.name,
    prompt: body.prompt,
    timezone,
    schedules,
    deliver,
  }
}
