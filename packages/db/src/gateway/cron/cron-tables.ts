import type { Generated } from 'kysely'

/** A row of `cron_job`. */
export interface CronJobTable {
  id: string
  owner: string
  name: string
  prompt: string
  model: string | null
  instructions: string | null
  schedules: string
  timezone: string
  catch_up: string
  max_lateness_ms: number | null
  overlap: string
  jitter_ms: number
  timeout_ms: number
  retries: number
  retry_backoff_ms: number
  retry_unknown: 0 | 1
  repeat: number | null
  fired: Generated<number>
  deliver: string
  origin: string | null
  approvals: string
  state: string
  paused_at: number | null
  paused_reason: string | null
  created_at: number
  updated_at: number
  revision: Generated<number>
  planned_at: number
  next_slot: number | null
  next_due_at: number | null
  last_run_at: number | null
  last_status: string | null
  last_error: string | null
  failure_streak: Generated<number>
  deleted_at: number | null
}

/** A row of `cron_run`. */
export interface CronRunTable {
  id: string
  job_id: string
  slot: number
  due_at: number
  cause: string
  missed: number
  state: string
  attempt: Generated<number>
  run_at: number
  cancel_reason: string | null
  runner: string | null
  created_at: number
  started_at: number | null
  finished_at: number | null
  turn_id: string | null
  session_id: string | null
  output: string | null
  usage: string | null
  error: string | null
  deliveries: Generated<string>
}
