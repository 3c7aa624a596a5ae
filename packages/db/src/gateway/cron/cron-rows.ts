import type { Insertable, Selectable } from 'kysely'
import { z } from 'zod'
import { decodeJson, decodeNullableJson, encodeJson } from '../../json-column.ts'
import { SchedulesColumn } from '../../schedules-column.ts'
import type {
  CronApprovals,
  CronCatchUp,
  CronDelivery,
  CronJob,
  CronJobDefinition,
  CronJobState,
  CronOverlap,
  CronRun,
  CronRunCause,
  CronRunState,
  NewCronRun,
} from './cron-records.ts'
import type { CronJobTable, CronRunTable } from './cron-tables.ts'

const DeliverColumn = z.array(z.string())
const OriginColumn = z.object({ platform: z.string(), account: z.string(), chatId: z.string(), threadId: z.string() })
const UsageColumn = z.object({ inputTokens: z.number(), outputTokens: z.number(), reasoningTokens: z.number(), cachedInputTokens: z.number() })
const ErrorColumn = z.object({ code: z.string(), message: z.string() })
const DeliveriesColumn = z.custom<readonly CronDelivery[]>((value) => Array.isArray(value))

export function cronJobOf(row: Selectable<CronJobTable>): CronJob {
  return {
    id: row.id,
    owner: row.owner,
    name: row.name,
    prompt: row.prompt,
    model: row.model,
    instructions: row.instructions,
    schedules: decodeJson(row.schedules, SchedulesColumn, 'cron_job.schedules'),
    timezone: row.timezone,
    catchUp: row.catch_up as CronCatchUp,
    maxLatenessMs: row.max_lateness_ms,
    overlap: row.overlap as CronOverlap,
    jitterMs: row.jitter_ms,
    timeoutMs: row.timeout_ms,
    retries: row.retries,
    retryBackoffMs: row.retry_backoff_ms,
    retryUnknown: row.retry_unknown === 1,
    repeat: row.repeat,
    fired: row.fired,
    deliver: decodeJson(row.deliver, DeliverColumn, 'cron_job.deliver'),
    origin: decodeNullableJson(row.origin, OriginColumn, 'cron_job.origin'),
    approvals: row.approvals as CronApprovals,
    state: row.state as CronJobState,
    pausedAt: row.paused_at,
    pausedReason: row.paused_reason,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    revision: row.revision,
    plannedAt: row.planned_at,
    nextSlot: row.next_slot,
    nextDueAt: row.next_due_at,
    lastRunAt: row.last_run_at,
    lastStatus: row.last_status as CronRunState | null,
    lastError: row.last_error,
    failureStreak: row.failure_streak,
  }
}

export function cronRunOf(row: Selectable<CronRunTable>): CronRun {
  return {
    id: row.id,
    jobId: row.job_id,
    slot: row.slot,
    dueAt: row.due_at,
    cause: row.cause as CronRunCause,
    missed: row.missed,
    state: row.state as CronRunState,
    attempt: row.attempt,
    runAt: row.run_at,
    cancelReason: row.cancel_reason,
    runner: row.runner,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    turnId: row.turn_id,
    sessionId: row.session_id,
    output: row.output,
    usage: decodeNullableJson(row.usage, UsageColumn, 'cron_run.usage'),
    error: decodeNullableJson(row.error, ErrorColumn, 'cron_run.error'),
    deliveries: decodeJson(row.deliveries, DeliveriesColumn, 'cron_run.deliveries'),
  }
}

/** The columns of those parts of a job that are given. */
export function definitionColumns(definition: Partial<CronJobDefinition>): Partial<Insertable<CronJobTable>> {
  const columns = {
    name: definition.name,
    prompt: definition.prompt,
    model: definition.model,
    instructions: definition.instructions,
    schedules: definition.schedules && JSON.stringify(definition.schedules),
    timezone: definition.timezone,
    catch_up: definition.catchUp,
    max_lateness_ms: definition.maxLatenessMs,
    overlap: definition.overlap,
    jitter_ms: definition.jitterMs,
    timeout_ms: definition.timeoutMs,
    retries: definition.retries,
    retry_backoff_ms: definition.retryBackoffMs,
    retry_unknown: definition.retryUnknown === undefined ? undefined : definition.retryUnknown ? (1 as const) : (0 as const),
    repeat: definition.repeat,
    deliver: definition.deliver && JSON.stringify(definition.deliver),
    origin: definition.origin === undefined ? undefined : encodeJson(definition.origin),
    approvals: definition.approvals,
  }
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined)) as Partial<Insertable<CronJobTable>>
}

/** A run as it is written when its time has come. */
export function newRunRow(jobId: string, run: NewCronRun, now: number): Insertable<CronRunTable> {
  return {
    id: run.id,
    job_id: jobId,
    slot: run.slot,
    due_at: run.dueAt,
    cause: run.cause,
    missed: run.missed,
    state: run.skipped ? 'skipped' : 'queued',
    run_at: Math.min(run.dueAt, now),
    cancel_reason: null,
    runner: null,
    created_at: now,
    started_at: null,
    finished_at: run.skipped ? now : null,
    turn_id: null,
    session_id: null,
    output: null,
    usage: null,
    error: encodeJson(run.skipped),
  }
}
