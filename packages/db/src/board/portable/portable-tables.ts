import { z } from 'zod'
import type { BoardTables } from '../tables.ts'

/** Longer than anything that is taken elsewhere. */
const text = z.string().max(4_000_000)
const name = z.string().max(2_000)
const id = z.string().regex(/^[a-z]{1,20}_[0-9a-f]{32}$/)
const integer = z.int()
const count = z.int().min(0)
const number = z.int().min(1)
const jsonObject = text.refine((value) => isJson(value, (json) => typeof json === 'object' && json !== null && !Array.isArray(json)), 'a JSON object')
const jsonArray = text.refine((value) => isJson(value, Array.isArray), 'a JSON array')

const State = z.enum(['triage', 'todo', 'scheduled', 'ready', 'running', 'review', 'blocked', 'done', 'archived'])
const Condition = z.enum(['success', 'failure', 'always'])

/**
 * Which columns of which tables an archive holds, and what may stand in them; what is not here stays at home. No
 * transcripts, which are long and full of a machine's paths; no subscriptions, by which a copy would tell the same people twice.
 * In the order in which they are written and read.
 */
export const PORTABLE_TABLES = {
  task: z
    .strictObject({
      number,
      id,
      title: name,
      body: text,
      state: State,
      column_key: name.nullable(),
      assignee: name.nullable(),
      priority: integer,
      tenant: name.nullable(),
      created_by: name,
      created_at: integer,
      updated_at: integer,
      revision: number,
      started_at: integer.nullable(),
      ended_at: integer.nullable(),
      due_at: integer.nullable(),
      not_before: integer.nullable(),
      estimate_minutes: integer.nullable(),
      routine_id: id.nullable(),
      slot: integer.nullable(),
      idempotency_key: name.nullable(),
      idempotency_scope: z.enum(['any', 'open']).nullable(),
      parents_mode: z.enum(['all', 'any']),
      ready_at: integer.nullable(),
      rank: integer,
      next_attempt_at: integer.nullable(),
      fence: count,
      attempts: count,
      failures: count,
      last_failure: jsonObject.nullable(),
      resume_state: z.enum(['ready', 'review']),
      implementer: name.nullable(),
      reviewer: name.nullable(),
      block_kind: z.enum(['dependency', 'needs_input', 'capability', 'transient', 'gave_up', 'quarantined']).nullable(),
      block_reason: text.nullable(),
      block_recurrences: count,
      waiting_code: name.nullable(),
      waiting_detail: text.nullable(),
      waiting_since: integer.nullable(),
      verdict: z.enum(['success', 'failure']).nullable(),
      summary: text.nullable(),
      result: text.nullable(),
      metadata: jsonObject.nullable(),
      settings: jsonObject,
      input_tokens: count,
      output_tokens: count,
      cost_micros: count,
      run_ms: count,
      archived_from: State.nullable(),
      deleted_at: integer.nullable(),
    })
    .refine(({ state, ended_at, archived_from, verdict }) => {
      const isEnded = state === 'done' || state === 'archived'
      return isEnded === (ended_at !== null) && (state === 'archived') === (archived_from !== null) && (state !== 'done' || verdict !== null)
    }, 'what a task of its state has'),
  task_label: z.strictObject({ task_number: number, label: name }),
  link: z.strictObject({ parent_number: number, child_number: number, condition: Condition, state: z.enum(['open', 'met', 'dead']) }),
  comment: z.strictObject({ id, task_number: number, run_id: id.nullable(), author: name, body: text, created_at: integer }),
  run: z.strictObject({
    id,
    task_number: number,
    attempt: number,
    fence: number,
    assignee: name.nullable(),
    executor: name,
    source_state: z.enum(['ready', 'review']),
    task_revision: number,
    outcome: name,
    claimed_at: integer,
    spawned_at: integer.nullable(),
    note: text.nullable(),
    ended_at: integer,
    exit_code: integer.nullable(),
    exit_signal: name.nullable(),
    failure: jsonObject.nullable(),
    summary: text.nullable(),
    metadata: jsonObject.nullable(),
    input_tokens: count,
    output_tokens: count,
    cost_micros: count,
  }),
  attachment: z.strictObject({
    id: z.string().regex(/^att_[0-9a-f]{32}$/),
    task_number: number,
    run_id: id.nullable(),
    name: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^/\\]+$/),
    media_type: name,
    bytes: count,
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    uploaded_by: name,
    created_at: integer,
  }),
  approval: z.strictObject({
    id,
    task_number: number,
    run_id: id.nullable(),
    task_revision: number,
    gate: jsonObject,
    validator: text.nullable(),
    state: z.enum(['waiting', 'approved', 'denied', 'expired', 'void']),
    asked_by: name,
    asked_at: integer,
    expires_at: integer.nullable(),
    answered_by: name.nullable(),
    answered_at: integer.nullable(),
    reason: text.nullable(),
  }),
  routine: z.strictObject({
    id,
    name,
    template: jsonObject,
    schedules: jsonArray,
    timezone: name,
    catch_up: z.enum(['skip', 'one', 'all']),
    overlap: z.enum(['skip', 'queue']),
    created_by: name,
    created_at: integer,
    updated_at: integer,
    revision: number,
    planned_at: integer,
    fired: count,
    last_task: name.nullable(),
  }),
  recipe_instance: z.strictObject({
    id,
    idempotency_key: name,
    recipe: name,
    definition: text,
    request_digest: name,
    inputs: jsonObject,
    tasks: text,
    created_by: name,
    created_at: integer,
  }),
  spend: z.strictObject({
    day: z.string().regex(/^\d{4}(-\d\d-\d\d)?$/),
    input_tokens: count,
    output_tokens: count,
    cost_micros: count,
    run_ms: count,
  }),
  event: z.strictObject({
    seq: number,
    task_number: number.nullable(),
    run_id: id.nullable(),
    kind: z.string().regex(/^[a-z]{1,20}\.[a-z_]{1,30}$/),
    actor: name,
    payload: jsonObject,
    at: integer,
  }),
} satisfies Partial<Record<keyof BoardTables, z.ZodObject>>

/** A table of which rows are in an archive. */
export type PortableTable = keyof typeof PORTABLE_TABLES

export const PORTABLE_TABLE_NAMES = Object.keys(PORTABLE_TABLES) as readonly PortableTable[]

/** What an archive says of the board as a whole, in its first file. */
export const PortableBoard = z.strictObject({
  format: z.literal('talaria-board'),
  version: z.literal(1),
  exportedAt: integer,
  slug: name,
  name,
  description: text.nullable(),
  icon: name.nullable(),
  colour: name.nullable(),
  settings: jsonObject,
  createdAt: integer,
  /** The largest number that a task ever had: it is not given again. */
  lastTaskNumber: count,
})

export type PortableBoard = z.infer<typeof PortableBoard>

/** What an archive says in its last file, so that one that was cut off is known as such. */
export const PortableEnd = z.strictObject({ rows: z.record(name, count), files: count })

export type PortableEnd = z.infer<typeof PortableEnd>

function isJson(value: string, isRight: (json: unknown) => boolean): boolean {
  try {
    return isRight(JSON.parse(value))
  } catch {
    return false
  }
}
