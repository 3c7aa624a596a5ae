import { sql, type Selectable } from 'kysely'
import { z } from 'zod'
import { decodeJson, decodeNullableJson } from '../json-column.ts'
import type { BlockKind, ParentsMode, RunFailure, Task, TaskDetail, TaskOrigin, TaskSettings, TaskState, Verdict, WaitingCode } from './records.ts'
import type { TaskTable } from './tables.ts'

const JsonObject = z.custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
const SettingsColumn = z.custom<TaskSettings>((value) => JsonObject.safeParse(value).success)
const LabelsColumn = z.array(z.string())
const FailureColumn: z.ZodType<RunFailure> = z.object({
  class: z.enum(['spawn', 'crash', 'timeout', 'protocol', 'rate_limit', 'infrastructure', 'lease', 'budget', 'task']),
  code: z.string(),
  message: z.string(),
  retryAt: z.number().exactOptional(),
})
/** The conversation that asked for a task, as it lies in its column. */
export const OriginColumn: z.ZodType<TaskOrigin> = z.object({
  sessionId: z.string().exactOptional(),
  chat: z.object({ platform: z.string(), account: z.string(), chatId: z.string(), threadId: z.string() }).exactOptional(),
})

/** What a list reads of a task: not what may be a million characters long. */
export const TASK_COLUMNS = [
  'number',
  'id',
  'title',
  'state',
  'column_key',
  'assignee',
  'priority',
  'tenant',
  'created_by',
  'created_at',
  'updated_at',
  'revision',
  'started_at',
  'ended_at',
  'due_at',
  'not_before',
  'estimate_minutes',
  'routine_id',
  'parents_mode',
  'open_parents',
  'met_parents',
  'dead_parents',
  'attempts',
  'failures',
  'last_failure',
  'next_attempt_at',
  'run_id',
  'reviewer',
  'block_kind',
  'block_reason',
  'block_recurrences',
  'waiting_code',
  'waiting_detail',
  'waiting_since',
  'verdict',
  'summary',
  'input_tokens',
  'output_tokens',
  'cost_micros',
  'run_ms',
  'idempotency_key',
  'deleted_at',
] as const satisfies readonly (keyof TaskTable)[]

/** What the page of one task reads besides. */
export const DETAIL_COLUMNS = [
  ...TASK_COLUMNS,
  'body',
  'result',
  'metadata',
  'settings',
  'origin',
  'implementer',
] as const satisfies readonly (keyof TaskTable)[]

/** A task's labels in their order, as one column beside its own. */
export const labelsColumn = sql<string>`(select json_group_array(label) from task_label where task_number = task.number)`.as('labels')

/** A row of a list. */
export type TaskRow = Pick<Selectable<TaskTable>, (typeof TASK_COLUMNS)[number]> & { readonly labels: string }

/** A row with everything. */
export type DetailRow = Pick<Selectable<TaskTable>, (typeof DETAIL_COLUMNS)[number]> & { readonly labels: string }

export function taskOf(row: TaskRow): Task {
  return {
    number: row.number,
    id: row.id,
    title: row.title,
    state: row.state as TaskState,
    columnKey: row.column_key,
    assignee: row.assignee,
    priority: row.priority,
    tenant: row.tenant,
    labels: row.labels === '[]' ? [] : decodeJson(row.labels, LabelsColumn, 'task_label.label'),
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    revision: row.revision,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    dueAt: row.due_at,
    notBefore: row.not_before,
    estimateMinutes: row.estimate_minutes,
    routineId: row.routine_id,
    parents: { mode: row.parents_mode as ParentsMode, open: row.open_parents, met: row.met_parents, dead: row.dead_parents },
    attempts: row.attempts,
    failures: row.failures,
    lastFailure: decodeNullableJson(row.last_failure, FailureColumn, 'task.last_failure'),
    nextAttemptAt: row.next_attempt_at,
    runId: row.run_id,
    reviewer: row.reviewer,
    block: blockOf(row),
    waiting: waitingOf(row),
    verdict: row.verdict as Verdict | null,
    summary: row.summary,
    spend: { inputTokens: row.input_tokens, outputTokens: row.output_tokens, costMicros: row.cost_micros },
    runMs: row.run_ms,
    idempotencyKey: row.idempotency_key,
    deletedAt: row.deleted_at,
  }
}

export function taskDetailOf(row: DetailRow): TaskDetail {
  return {
    ...taskOf(row),
    body: row.body,
    result: row.result,
    metadata: decodeNullableJson(row.metadata, JsonObject, 'task.metadata'),
    settings: row.settings === '{}' ? {} : decodeJson(row.settings, SettingsColumn, 'task.settings'),
    origin: decodeNullableJson(row.origin, OriginColumn, 'task.origin'),
    implementer: row.implementer,
  }
}

/** The kind outlives the block, so that the next one of the same kind is known as a repetition; only a blocked task has one. */
function blockOf(row: TaskRow): Task['block'] {
  if (row.state !== 'blocked' || row.block_kind === null) return null
  return { kind: row.block_kind as BlockKind, reason: row.block_reason ?? '', recurrences: row.block_recurrences }
}

function waitingOf(row: Pick<TaskRow, 'waiting_code' | 'waiting_detail' | 'waiting_since'>): Task['waiting'] {
  if (row.waiting_code === null) return null
  return { code: row.waiting_code as WaitingCode, detail: row.waiting_detail ?? '', since: row.waiting_since ?? 0 }
}
