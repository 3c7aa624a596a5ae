CREATE TABLE schema_version (
  name text not null primary key,
  version integer not null,
  migrated_at integer not null
) strict;

CREATE TABLE board (
  id integer not null primary key check (id = 1),
  slug text not null,
  name text not null,
  description text,
  icon text,
  colour text,
  settings text not null default '{}',
  paused_at integer,
  paused_reason text,
  created_at integer not null,
  updated_at integer not null,
  revision integer not null default 1,
  archived_at integer,
  deleted_at integer
) strict;

CREATE TABLE task (
  number integer not null primary key autoincrement,
  id text not null unique,
  title text not null,
  body text not null default '',
  state text not null,
  column_key text,
  assignee text,
  priority integer not null default 0,
  tenant text,
  created_by text not null,
  created_at integer not null,
  updated_at integer not null,
  revision integer not null default 1,
  started_at integer,
  ended_at integer,
  due_at integer,
  not_before integer,
  estimate_minutes integer,
  routine_id text,
  slot integer,
  idempotency_key text,
  idempotency_scope text,
  parents_mode text not null default 'all',
  open_parents integer not null default 0,
  met_parents integer not null default 0,
  dead_parents integer not null default 0,
  ready_at integer,
  rank integer not null default 0,
  next_attempt_at integer,
  fence integer not null default 0,
  attempts integer not null default 0,
  failures integer not null default 0,
  last_failure text,
  run_id text,
  resume_state text not null default 'ready',
  implementer text,
  reviewer text,
  block_kind text,
  block_reason text,
  block_recurrences integer not null default 0,
  waiting_code text,
  waiting_detail text,
  waiting_since integer,
  verdict text,
  summary text,
  result text,
  metadata text,
  settings text not null default '{}',
  origin text,
  input_tokens integer not null default 0,
  output_tokens integer not null default 0,
  cost_micros integer not null default 0,
  run_ms integer not null default 0,
  archived_from text,
  deleted_at integer
) strict;

CREATE TABLE sqlite_sequence(name,seq);

CREATE UNIQUE INDEX task_by_key on task (idempotency_key) where idempotency_key is not null;

CREATE INDEX task_claimable on task (state, rank desc, number) where state in ('ready', 'review') and deleted_at is null;

CREATE INDEX task_by_state on task (state, priority desc, number) where deleted_at is null;

CREATE INDEX task_by_assignee on task (assignee, state) where deleted_at is null;

CREATE INDEX task_to_wake on task (not_before) where state = 'scheduled' and deleted_at is null;

CREATE INDEX task_to_retry on task (next_attempt_at) where state in ('ready', 'review') and deleted_at is null and next_attempt_at is not null;

CREATE INDEX task_by_update on task (updated_at, number);

CREATE INDEX task_by_deletion on task (deleted_at) where deleted_at is not null;

CREATE UNIQUE INDEX task_by_slot on task (routine_id, slot) where routine_id is not null;

CREATE TABLE task_label (
  task_number integer not null,
  label text not null,
  primary key (label, task_number)
) strict, without rowid;

CREATE INDEX task_label_by_task on task_label (task_number);

CREATE TABLE link (
  parent_number integer not null,
  child_number integer not null,
  condition text not null,
  state text not null,
  primary key (parent_number, child_number)
) strict, without rowid;

CREATE INDEX link_by_child on link (child_number);

CREATE TABLE comment (
  id text not null primary key,
  task_number integer not null,
  run_id text,
  author text not null,
  body text not null,
  created_at integer not null
) strict;

CREATE INDEX comment_by_task on comment (task_number, id);

CREATE TABLE event (
  seq integer not null primary key,
  task_number integer,
  run_id text,
  kind text not null,
  actor text not null,
  payload text not null default '{}',
  at integer not null
) strict;

CREATE INDEX event_by_task on event (task_number, seq) where task_number is not null;

CREATE TABLE run (
  id text not null primary key,
  task_number integer not null,
  attempt integer not null,
  fence integer not null,
  assignee text,
  executor text not null,
  source_state text not null,
  task_revision integer not null,
  outcome text,
  dispatcher text not null,
  host text not null,
  pid integer,
  process_started text,
  token_hash text not null,
  workspace text,
  claimed_at integer not null,
  spawned_at integer,
  deadline_at integer,
  lease_expires_at integer not null,
  heartbeat_at integer,
  note text,
  wish text,
  wish_reason text,
  wish_at integer,
  ended_at integer,
  exit_code integer,
  exit_signal text,
  failure text,
  summary text,
  metadata text,
  input_tokens integer not null default 0,
  output_tokens integer not null default 0,
  cost_micros integer not null default 0
) strict;

CREATE INDEX run_by_task on run (task_number, id);

CREATE INDEX run_open on run (lease_expires_at, host, ended_at) where ended_at is null;

CREATE INDEX run_to_end on run (deadline_at) where ended_at is null and deadline_at is not null;

CREATE INDEX run_by_assignee on run (assignee, ended_at) where outcome = 'completed';

CREATE INDEX run_by_end on run (ended_at) where ended_at is not null;

CREATE TABLE transcript (
  run_id text not null,
  seq integer not null,
  kind text not null,
  body text not null,
  at integer not null,
  primary key (run_id, seq)
) strict, without rowid;

CREATE TABLE steering (
  id text not null primary key,
  run_id text not null,
  author text not null,
  body text not null,
  created_at integer not null,
  taken_at integer
) strict;

CREATE INDEX steering_waiting on steering (run_id, id) where taken_at is null;

CREATE TABLE attachment (
  id text not null primary key,
  task_number integer not null,
  run_id text,
  name text not null,
  media_type text not null,
  bytes integer not null,
  sha256 text not null,
  uploaded_by text not null,
  created_at integer not null,
  deleted_at integer,
  removed_at integer
) strict;

CREATE INDEX attachment_by_task on attachment (task_number, id);

CREATE INDEX attachment_to_remove on attachment (deleted_at) where deleted_at is not null and removed_at is null;

CREATE TABLE approval (
  id text not null primary key,
  task_number integer not null,
  run_id text,
  task_revision integer not null,
  gate text not null,
  validator text,
  state text not null,
  asked_by text not null,
  asked_at integer not null,
  expires_at integer,
  answered_by text,
  answered_at integer,
  reason text
) strict;

CREATE INDEX approval_open on approval (task_number, id) where state = 'waiting';

CREATE INDEX approval_by_task on approval (task_number, id);

CREATE TABLE subscription (
  id text not null primary key,
  task_number integer,
  target text not null,
  target_key text not null,
  mode text not null,
  kinds text,
  digest_minutes integer,
  created_by text not null,
  created_at integer not null,
  cursor integer not null,
  next_at integer,
  failures integer not null default 0,
  last_error text,
  parked_at integer
) strict;

CREATE UNIQUE INDEX subscription_by_target on subscription (coalesce(task_number, 0), target_key);

CREATE TABLE routine (
  id text not null primary key,
  name text not null,
  template text not null,
  schedules text not null,
  timezone text not null,
  catch_up text not null,
  overlap text not null,
  state text not null,
  created_by text not null,
  created_at integer not null,
  updated_at integer not null,
  revision integer not null default 1,
  planned_at integer not null,
  next_slot integer,
  fired integer not null default 0,
  last_task text
) strict;

CREATE INDEX routine_due on routine (next_slot) where state = 'scheduled' and next_slot is not null;

CREATE TABLE recipe_instance (
  id text not null primary key,
  idempotency_key text not null unique,
  recipe text not null,
  definition text not null,
  request_digest text not null,
  inputs text not null,
  tasks text not null,
  created_by text not null,
  created_at integer not null
) strict;

CREATE TABLE spend (
  day text not null primary key,
  input_tokens integer not null default 0,
  output_tokens integer not null default 0,
  cost_micros integer not null default 0,
  run_ms integer not null default 0
) strict, without rowid;

CREATE VIRTUAL TABLE task_fts using fts5 (title, body, comments, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'");

CREATE TABLE 'task_fts_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'task_fts_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE TABLE 'task_fts_docsize'(id INTEGER PRIMARY KEY, sz BLOB, origin INTEGER);

CREATE TABLE 'task_fts_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE search_progress (seq integer not null, after_task integer) strict;
