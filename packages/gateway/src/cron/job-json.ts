import { describeSchedule, type Schedule } from '@talaria/core/schedule'
import type { CronJob, CronRun } from '@talaria/db'
import { usageJson } from '../api/run-events.ts'

const PREVIEW_CHARACTERS = 500

/** A job as it goes over the wire: the predecessor's fields, and ours beside them. */
export function jobJson(job: CronJob) {
  const [first] = job.schedules
  return {
    id: job.id,
    object: 'talaria.job',
    name: job.name,
    prompt: job.prompt,
    model: job.model,
    instructions: job.instructions,
    skills: [],
    schedule: first ? scheduleJson(first) : null,
    schedules: job.schedules.map(scheduleJson),
    schedule_display: job.schedules.map(({ text }) => text).join('; '),
    timezone: job.timezone,
    catch_up: job.catchUp,
    max_lateness_seconds: job.maxLatenessMs === null ? null : job.maxLatenessMs / 1000,
    overlap: job.overlap,
    jitter_seconds: job.jitterMs / 1000,
    timeout_seconds: job.timeoutMs / 1000,
    retries: job.retries,
    retry_backoff_seconds: job.retryBackoffMs / 1000,
    retry_unknown: job.retryUnknown,
    repeat: { times: job.repeat ?? onceOnly(job.schedules), completed: job.fired },
    approvals: job.approvals,
    deliver: job.deliver.join(','),
    origin: job.origin && { platform: job.origin.platform, chat_id: job.origin.chatId, thread_id: job.origin.threadId || null },
    enabled: job.state === 'scheduled',
    state: job.state,
    paused_at: isoOf(job.pausedAt),
    paused_reason: job.pausedReason,
    created_at: isoOf(job.createdAt),
    updated_at: isoOf(job.updatedAt),
    next_run_at: isoOf(job.nextDueAt),
    last_run_at: isoOf(job.lastRunAt),
    last_status: job.lastStatus === null ? null : job.lastStatus === 'completed' ? 'ok' : 'error',
    last_state: job.lastStatus,
    last_error: job.lastError,
    failure_streak: job.failureStreak,
  }
}

/** How often instants alone can fire. */
function onceOnly(schedules: readonly Schedule[]): number | null {
  return schedules.every(({ kind }) => kind === 'once') ? schedules.length : null
}

/** A schedule as it goes over the wire, with what it means in words. */
export function scheduleJson(schedule: Schedule) {
  const words = { display: schedule.text, description: describeSchedule(schedule) }
  if (schedule.kind === 'cron') return { kind: 'cron', expr: schedule.expression, ...words }
  if (schedule.kind === 'once') return { kind: 'once', run_at: isoOf(schedule.at), ...words }
  return { kind: 'interval', seconds: schedule.everyMs / 1000, minutes: schedule.everyMs / 60_000, anchor: isoOf(schedule.anchor), ...words }
}

/** One run of a job as it goes over the wire. */
export function jobRunJson(run: CronRun) {
  return { ...runSummaryJson(run), output: run.output }
}

/** The same in a list, with the beginning of the output. */
export function runSummaryJson(run: CronRun) {
  return {
    id: run.id,
    object: 'talaria.job.run',
    job_id: run.jobId,
    state: run.state,
    cause: run.cause,
    scheduled_for: isoOf(run.slot),
    due_at: isoOf(run.dueAt),
    missed: run.missed,
    attempt: run.attempt,
    next_attempt_at: run.state === 'queued' ? isoOf(run.runAt) : null,
    started_at: isoOf(run.startedAt),
    finished_at: isoOf(run.finishedAt),
    duration_seconds: run.startedAt === null || run.finishedAt === null ? null : Math.max(0, run.finishedAt - run.startedAt) / 1000,
    run_id: run.turnId,
    session_id: run.sessionId,
    output_preview: run.output === null ? null : run.output.slice(0, PREVIEW_CHARACTERS),
    usage: run.usage && usageJson(run.usage),
    error: run.error,
    deliveries: run.deliveries,
  }
}

function isoOf(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString()
}
