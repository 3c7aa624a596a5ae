CREATE TABLE schema_version (
  name text not null primary key,
  version integer not null,
  migrated_at integer not null
) strict;

CREATE TABLE runner (
  id text not null primary key,
  host text not null,
  pid integer not null,
  process_started text,
  started_at integer not null,
  heartbeat_at integer not null
) strict;

CREATE TABLE session (
  id text not null primary key,
  owner text not null,
  source text not null,
  user_id text,
  title text,
  model text,
  system_prompt text,
  parent_session_id text,
  created_at integer not null,
  updated_at integer not null,
  ended_at integer,
  end_reason text,
  pinned integer not null default 0,
  archived integer not null default 0,
  hidden integer not null default 0,
  unread integer not null default 0,
  message_count integer not null default 0,
  tool_call_count integer not null default 0,
  input_tokens integer not null default 0,
  output_tokens integer not null default 0,
  reasoning_tokens integer not null default 0,
  cached_input_tokens integer not null default 0,
  preview text,
  metadata text not null default '{}',
  transcript_hash text,
  deleted_at integer
) strict;

CREATE INDEX session_by_recency on session (archived, hidden, pinned desc, updated_at desc, id desc) where deleted_at is null;

CREATE INDEX session_by_owner on session (owner, archived, hidden, pinned desc, updated_at desc, id desc) where deleted_at is null;

CREATE INDEX session_by_transcript on session (owner, transcript_hash) where transcript_hash is not null;

CREATE INDEX session_by_deletion on session (deleted_at) where deleted_at is not null;

CREATE TABLE message (
  position integer primary key autoincrement,
  id text not null,
  session_id text not null references session (id),
  turn_id text,
  role text not null,
  content text not null,
  parts text,
  tool_calls text,
  tool_call_id text,
  tool_name text,
  reasoning text,
  finish_reason text,
  created_at integer not null
) strict;

CREATE TABLE sqlite_sequence(name,seq);

CREATE INDEX message_by_session on message (session_id, position);

CREATE VIRTUAL TABLE message_fts using fts5 (content, scope, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'");

CREATE TABLE 'message_fts_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'message_fts_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE TABLE 'message_fts_docsize'(id INTEGER PRIMARY KEY, sz BLOB, origin INTEGER);

CREATE TABLE 'message_fts_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE search_progress (id integer primary key check (id = 1), position integer not null) strict;

CREATE TABLE turn (
  id text not null primary key,
  owner text not null,
  session_id text not null references session (id),
  kind text not null,
  status text not null,
  model text not null,
  created_at integer not null,
  updated_at integer not null,
  finished_at integer,
  request text not null,
  output text,
  finish_reason text,
  usage text,
  error text,
  last_seq integer not null default 0,
  runner text not null
) strict;

CREATE INDEX turn_by_owner on turn (owner, id);

CREATE INDEX turn_by_session on turn (session_id, id);

CREATE INDEX turn_under_way on turn (runner) where finished_at is null;

CREATE TABLE turn_event (
  turn_id text not null references turn (id),
  seq integer not null,
  type text not null,
  data text not null,
  created_at integer not null,
  primary key (turn_id, seq)
) strict, without rowid;

CREATE TABLE response (
  id text not null primary key,
  owner text not null,
  turn_id text not null,
  session_id text not null,
  previous_response_id text,
  conversation_id text,
  status text not null,
  created_at integer not null,
  completed_at integer,
  expires_at integer,
  deleted_at integer,
  envelope text not null,
  input text not null,
  output text not null default '[]'
) strict;

CREATE INDEX response_by_parent on response (previous_response_id) where previous_response_id is not null;

CREATE INDEX response_by_turn on response (turn_id);

CREATE INDEX response_by_session on response (session_id);

CREATE INDEX response_by_expiry on response (expires_at) where expires_at is not null;

CREATE INDEX response_by_deletion on response (deleted_at) where deleted_at is not null;

CREATE TABLE conversation (
  id text not null primary key,
  owner text not null,
  name text,
  session_id text,
  created_at integer not null,
  metadata text not null default '{}',
  deleted_at integer
) strict;

CREATE UNIQUE INDEX conversation_by_name on conversation (owner, name) where name is not null and deleted_at is null;

CREATE INDEX conversation_by_deletion on conversation (deleted_at) where deleted_at is not null;

CREATE TABLE conversation_item (
  position integer primary key autoincrement,
  conversation_id text not null references conversation (id),
  id text not null,
  item text not null,
  unique (conversation_id, id)
) strict;

CREATE INDEX conversation_item_by_position on conversation_item (conversation_id, position);

CREATE TABLE idempotency_key (
  scope text not null,
  key text not null,
  fingerprint text not null,
  claim text not null,
  runner text not null,
  turn_id text,
  status integer,
  headers text,
  body text,
  created_at integer not null,
  expires_at integer not null,
  primary key (scope, key)
) strict, without rowid;

CREATE INDEX idempotency_key_by_expiry on idempotency_key (expires_at);

CREATE TABLE api_key (
  id text not null primary key,
  name text not null,
  hash text not null unique,
  scopes text not null,
  service integer not null default 0,
  created_at integer not null,
  last_used_at integer,
  revoked_at integer
) strict;

CREATE UNIQUE INDEX api_key_by_name on api_key (name) where revoked_at is null;

CREATE TABLE chat (
  platform text not null,
  account text not null,
  chat_id text not null,
  thread_id text not null,
  kind text,
  name text,
  parent_chat_id text,
  first_seen_at integer not null,
  last_seen_at integer not null,
  is_home integer not null default 0,
  model text,
  system_prompt text,
  busy_mode text,
  personality text,
  reset text,
  parked_at integer,
  parked_code text,
  parked_reason text,
  primary key (platform, account, chat_id, thread_id)
) strict, without rowid;

CREATE UNIQUE INDEX chat_home on chat (platform) where is_home = 1;

CREATE TABLE route (
  session_key text not null primary key,
  platform text not null,
  account text not null,
  chat_id text not null,
  thread_id text not null,
  session_id text not null,
  started_at integer not null,
  last_activity_at integer not null,
  interruptions integer not null default 0,
  suspended_at integer,
  settings text not null default '{}'
) strict, without rowid;

CREATE INDEX route_by_session on route (session_id);

CREATE TABLE inbound (
  position integer primary key autoincrement,
  id text not null unique,
  platform text not null,
  account text not null,
  chat_id text not null,
  thread_id text not null,
  message_id text not null,
  session_key text not null,
  sender_id text not null,
  sender_name text,
  body text not null,
  mode text not null,
  state text not null,
  reason text,
  runner text,
  turn_id text,
  received_at integer not null,
  finished_at integer,
  unique (platform, account, chat_id, message_id)
) strict;

CREATE INDEX inbound_open on inbound (session_key, state, position) where finished_at is null;

CREATE INDEX inbound_taken on inbound (runner) where state = 'taken';

CREATE INDEX inbound_by_end on inbound (finished_at) where finished_at is not null;

CREATE TABLE outbound (
  position integer primary key autoincrement,
  id text not null unique,
  group_id text not null,
  chunk integer not null,
  platform text not null,
  account text not null,
  chat_id text not null,
  thread_id text not null,
  kind text not null,
  text text not null,
  attachments text not null,
  reply_to text,
  session_key text,
  turn_id text,
  silent integer not null,
  sent_message_id text,
  state text not null,
  attempts integer not null default 0,
  due_at integer,
  uncertain integer not null default 0,
  code text,
  error text,
  runner text,
  message_id text,
  created_at integer not null,
  ended_at integer
) strict;

CREATE UNIQUE INDEX outbound_head on outbound (platform, account, chat_id, thread_id) where due_at is not null;

CREATE INDEX outbound_due on outbound (platform, due_at) where state = 'pending' and due_at is not null;

CREATE INDEX outbound_behind on outbound (platform, account, chat_id, thread_id, position) where state = 'pending' and due_at is null;

CREATE INDEX outbound_parked on outbound (platform, account, chat_id, thread_id) where state = 'parked';

CREATE INDEX outbound_parked_by_age on outbound (created_at) where state = 'parked';

CREATE INDEX outbound_sending on outbound (runner) where state = 'sending';

CREATE INDEX outbound_unsent on outbound (state, platform, position) where state <> 'sent';

CREATE INDEX outbound_by_end on outbound (ended_at) where ended_at is not null;

CREATE TABLE platform (
  name text not null primary key,
  state text,
  reason text,
  since integer,
  next_attempt_at integer,
  paused integer not null default 0
) strict, without rowid;

CREATE TABLE platform_transition (
  position integer primary key autoincrement,
  platform text not null,
  state text not null,
  reason text,
  next_attempt_at integer,
  at integer not null
) strict;

CREATE INDEX platform_transition_by_platform on platform_transition (platform, position);

CREATE INDEX platform_transition_by_time on platform_transition (at);

CREATE TABLE pairing_request (
  platform text not null,
  user_id text not null,
  user_name text,
  code_hash text not null,
  salt text not null,
  requested_at integer not null,
  expires_at integer not null,
  primary key (platform, user_id)
) strict, without rowid;

CREATE INDEX pairing_request_by_expiry on pairing_request (expires_at);

CREATE TABLE pairing_lock (
  platform text not null primary key,
  failures integer not null,
  failed_at integer not null,
  locked_until integer not null default 0
) strict, without rowid;

CREATE TABLE paired_user (
  platform text not null,
  user_id text not null,
  user_name text,
  paired_at integer not null,
  primary key (platform, user_id)
) strict, without rowid;

CREATE TABLE cron_job (
  id text not null primary key,
  owner text not null,
  name text not null,
  prompt text not null,
  model text,
  instructions text,
  schedules text not null,
  timezone text not null,
  catch_up text not null,
  max_lateness_ms integer,
  overlap text not null,
  jitter_ms integer not null,
  timeout_ms integer not null,
  retries integer not null,
  retry_backoff_ms integer not null,
  retry_unknown integer not null,
  repeat integer,
  fired integer not null default 0,
  deliver text not null,
  origin text,
  state text not null,
  paused_at integer,
  paused_reason text,
  created_at integer not null,
  updated_at integer not null,
  revision integer not null default 1,
  planned_at integer not null,
  next_slot integer,
  next_due_at integer,
  last_run_at integer,
  last_status text,
  last_error text,
  failure_streak integer not null default 0,
  deleted_at integer
    , approvals text not null default 'deny') strict;

CREATE INDEX cron_job_by_due on cron_job (next_due_at) where next_due_at is not null;

CREATE INDEX cron_job_by_owner on cron_job (owner, id) where deleted_at is null;

CREATE INDEX cron_job_by_deletion on cron_job (deleted_at) where deleted_at is not null;

CREATE TABLE cron_run (
  id text not null primary key,
  job_id text not null,
  slot integer not null,
  due_at integer not null,
  cause text not null,
  missed integer not null,
  state text not null,
  attempt integer not null default 0,
  run_at integer not null,
  cancel_reason text,
  runner text,
  created_at integer not null,
  started_at integer,
  finished_at integer,
  turn_id text,
  session_id text,
  output text,
  usage text,
  error text,
  deliveries text not null default '[]',
  unique (job_id, slot)
) strict;

CREATE INDEX cron_run_by_job on cron_run (job_id, id);

CREATE INDEX cron_run_queued on cron_run (run_at, id) where state = 'queued';

CREATE INDEX cron_run_running on cron_run (job_id) where state = 'running';

CREATE INDEX cron_run_by_end on cron_run (finished_at) where finished_at is not null;

CREATE TABLE platform_lease (
  platform text not null,
  account text not null,
  holder text,
  fence integer not null,
  expires_at integer not null,
  primary key (platform, account)
) strict, without rowid;
