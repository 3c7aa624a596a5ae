import { z } from 'zod'

/** A job as the gateway tells of it; of its fields those that are shown. */
export const Job = z.looseObject({
  id: z.string(),
  name: z.string(),
  prompt: z.string(),
  schedules: z.array(z.object({ display: z.string(), description: z.string() })),
  schedule_display: z.string(),
  timezone: z.string(),
  deliver: z.string(),
  state: z.string(),
  paused_reason: z.string().nullable(),
  next_run_at: z.string().nullable(),
  last_run_at: z.string().nullable(),
  last_state: z.string().nullable(),
  last_error: z.string().nullable(),
  failure_streak: z.number(),
  repeat: z.object({ times: z.number().nullable(), completed: z.number() }),
})
export type Job = z.output<typeof Job>

/** One run of a job. */
export const JobRun = z.looseObject({
  id: z.string(),
  state: z.string(),
  cause: z.string(),
  scheduled_for: z.string(),
  started_at: z.string().nullable(),
  duration_seconds: z.number().nullable(),
  attempt: z.number(),
  usage: z.looseObject({ total_tokens: z.number() }).nullable(),
  output_preview: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export type JobRun = z.output<typeof JobRun>
