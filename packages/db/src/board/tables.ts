import type { Generated } from 'kysely'

/** The rows of a board's database, as they lie on disk: times in integer milliseconds, flags 0 or 1, JSON as text. */
export interface BoardTables {
  board: BoardTable
  task: TaskTable
  task_label: TaskLabelTable
  link: LinkTable
  comment: CommentTable
  event: EventTable
  run: RunTable
  transcript: TranscriptTable
  steering: SteeringTable
  attachment: AttachmentTable
  approval: ApprovalTable
  subscription: SubscriptionTable
  routine: RoutineTable
  recipe_instance: RecipeInstanceTable
  spend: SpendTable
  search_progress: SearchProgressTable
  task_fts: TaskFtsTable
}

/** A row of `board`. */
export interface BoardTable {
  id: number
  slug: string
  name: string
  description: string | null
  icon: string | null
  colour: string | null
  settings: Generated<string>
  paused_at: number | null
  paused_reason: string | null
  created_at: number
  updated_at: number
  revision: Generated<number>
  archived_at: number | null
  deleted_at: number | null
}

/** A row of `task`. */
export interface TaskTable {
  number: Generated<number>
  id: string
  title: string
  body: Generated<string>
  state: string
  column_key: string | null
  assignee: string | null
  priority: Generated<number>
  tenant: string | null
  created_by: string
  created_at: number
  updated_at: number
  revision: Generated<number>
  started_at: number | null
  ended_at: number | null
  due_at: number | null
  not_before: number | null
  estimate_minutes: number | null
  routine_id: string | null
  slot: number | null
  idempotency_key: string | null
  idempotency_scope: string | null
  parents_mode: Generated<string>
  open_parents: Generated<number>
  met_parents: Generated<number>
  dead_parents: Generated<number>
  ready_at: number | null
  rank: Generated<number>
  next_attempt_at: number | null
  fence: Generated<number>
  attempts: Generated<number>
  failures: Generated<number>
  last_failure: string | null
  run_id: string | null
  resume_state: Generated<string>
  implementer: string | null
  reviewer: string | null
  block_kind: string | null
  block_reason: string | null
  block_recurrences: Generated<number>
  waiting_code: string | null
  waiting_detail: string | null
  waiting_since: number | null
  verdict: string | null
  summary: string | null
  result: string | null
  metadata: string | null
  settings: Generated<string>
  origin: string | null
  input_tokens: Generated<number>
  output_tokens: Generated<number>
  cost_micros: Generated<number>
  run_ms: Generated<number>
  archived_from: string | null
  deleted_at: number | null
}

/** A row of `task_label`. */
export interface TaskLabelTable {
  task_number: number
  label: string
}

/** A row of `link`. */
export interface LinkTable {
  parent_number: number
  child_number: number
  condition: string
  state: string
}

/** A row of `comment`. */
export interface CommentTable {
  id: string
  task_number: number
  run_id: string | null
  author: string
  body: string
  created_at: number
}

/** A row of `event`. */
export interface EventTable {
  seq: Generated<number>
  task_number: number | null
  run_id: string | null
  kind: string
  actor: string
  payload: Generated<string>
  at: number
}

/** A row of `run`. */
export interface RunTable {
  id: string
  task_number: number
  attempt: number
  fence: number
  assignee: string | null
  executor: string
  source_state: string
  task_revision: number
  outcome: string | null
  dispatcher: string
  host: string
  pid: number | null
  process_started: string | null
  token_hash: string
  workspace: string | null
  claimed_at: number
  spawned_at: number | null
  deadline_at: number | null
  lease_expires_at: number
  heartbeat_at: number | null
  note: string | null
  wish: string | null
  wish_reason: string | null
  wish_at: number | null
  ended_at: number | null
  exit_code: number | null
  exit_signal: string | null
  failure: string | null
  summary: string | null
  metadata: string | null
  input_tokens: Generated<number>
  output_tokens: Generated<number>
  cost_micros: Generated<number>
}

/** A row of `transcript`. */
export interface TranscriptTable {
  run_id: string
  seq: number
  kind: string
  body: string
  at: number
}

/** A row of `steering`. */
export interface SteeringTable {
  id: string
  run_id: string
  author: string
  body: string
  created_at: number
  taken_at: number | null
}

/** A row of `attachment`. */
export interface AttachmentTable {
  id: string
  task_number: number
  run_id: string | null
  name: string
  media_type: string
  bytes: number
  sha256: string
  uploaded_by: string
  created_at: number
  deleted_at: number | null
  removed_at: number | null
}

/** A row of `approval`. */
export interface ApprovalTable {
  id: string
  task_number: number
  run_id: string | null
  task_revision: number
  gate: string
  validator: string | null
  state: string
  asked_by: string
  asked_at: number
  expires_at: number | null
  answered_by: string | null
  answered_at: number | null
  reason: string | null
}

/** A row of `subscription`. */
export interface SubscriptionTable {
  id: string
  task_number: number | null
  target: string
  target_key: string
  mode: string
  kinds: string | null
  digest_minutes: number | null
  created_by: string
  created_at: number
  cursor: number
  next_at: number | null
  failures: Generated<number>
  last_error: string | null
  parked_at: number | null
}

/** A row of `routine`. */
export interface RoutineTable {
  id: string
  name: string
  template: string
  schedules: string
  timezone: string
  catch_up: string
  overlap: string
  state: string
  created_by: string
  created_at: number
  updated_at: number
  revision: Generated<number>
  planned_at: number
  next_slot: number | null
  fired: Generated<number>
  last_task: string | null
}

/** A row of `recipe_instance`. */
export interface RecipeInstanceTable {
  id: string
  idempotency_key: string
  recipe: string
  definition: string
  request_digest: string
  inputs: string
  tasks: string
  created_by: string
  created_at: number
}

/** A row of `spend`. */
export interface SpendTable {
  day: string
  input_tokens: Generated<number>
  output_tokens: Generated<number>
  cost_micros: Generated<number>
  run_ms: Generated<number>
}

/** How far the full-text index has come: the last event that it follows, and while it is made anew, the last task that is in it. */
export interface SearchProgressTable {
  seq: number
  after_task: number | null
}

/** A row of the full-text index; its rowid is the task's number. */
export interface TaskFtsTable {
  rowid: number
  title: string
  body: string
  comments: string
}
