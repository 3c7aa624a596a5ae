import type { NewCronJob, NewCronRun } from '../gateway/cron/cron-records.ts'

/** A job of `me` that fires every minute, next at minute 1. */
export function jobNamed(id: string, changes: Partial<NewCronJob> = {}): NewCronJob {
  return {
    id,
    owner: 'me',
    name: `job ${id}`,
    prompt: 'Say hello',
    model: null,
    instructions: null,
    schedules: [{ kind: 'every', text: 'every 1m', everyMs: 60_000, anchor: 0 }],
    timezone: 'UTC',
    catchUp: 'one',
    maxLatenessMs: null,
    overlap: 'skip',
    jitterMs: 0,
    timeoutMs: 60_000,
    retries: 0,
    retryBackoffMs: 1_000,
    retryUnknown: false,
    approvals: 'deny',
    repeat: null,
    deliver: ['session'],
    origin: null,
    plannedAt: 0,
    nextSlot: 60_000,
    nextDueAt: 60_000,
    ...changes,
  }
}

/** A run for a time. */
export function runAt(id: string, slot: number, changes: Partial<NewCronRun> = {}): NewCronRun {
  return { id, slot, dueAt: slot, cause: 'schedule', missed: 0, ...changes }
}
