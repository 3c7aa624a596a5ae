import type { Migration } from '../../schema.ts'

/** Everything the gateway keeps: sessions and their messages, turns and their events, responses, keys. */
export const gatewayTables: Migration = {
  name: '0001-gateway',
  sqlite: [
    `create table runner (
      id text not null primary key,
      host text not null,
      pid integer not null,
      process_started text,
      started_at integer not null,
      heartbeat_at integer not null
    ) strict`,

    `create table session (
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
    ) strict`,
    `create index session_by_recency on session (archived, hidden, pinned desc, updated_at desc, id desc) where deleted_at is null`,
    `create index session_by_owner on session (owner, archived, hidden, pinned desc, updated_at desc, id desc) where deleted_at is null`,
    `create index session_by_transcript on session (owner, transcript_hash) where transcript_hash is not null`,
    `create index session_by_deletion on session (deleted_at) where deleted_at is not null`,

    `create table message (
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
    ) strict`,
    `create index message_by_session on message (session_id, position)`,

    // No copy of the text, and words of one character in scripts without spaces: see search-text.ts. Marks belong to
    // words, or those of Hindi and Thai would fall apart at their vowels.
    `create virtual table message_fts using fts5 (content, scope, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'")`,
    // How far the index has come: the position of the last message in it.
    `create table search_progress (id integer primary key check (id = 1), position integer not null) strict`,
    `insert into search_progress values (1, 0)`,

    `create table turn (
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
    ) strict`,
    `create index turn_by_owner on turn (owner, id)`,
    `create index turn_by_session on turn (session_id, id)`,
    `create index turn_under_way on turn (runner) where finished_at is null`,

    `create table turn_event (
      turn_id text not null references turn (id),
      seq integer not null,
      type text not null,
      data text not null,
      created_at integer not null,
      primary key (turn_id, seq)
    ) strict, without rowid`,

    `create table response (
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
    ) strict`,
    `create index response_by_parent on response (previous_response_id) where previous_response_id is not null`,
    `create index response_by_turn on response (turn_id)`,
    `create index response_by_session on response (session_id)`,
    `create index response_by_expiry on response (expires_at) where expires_at is not null`,
    `create index response_by_deletion on response (deleted_at) where deleted_at is not null`,

    `create table conversation (
      id text not null primary key,
      owner text not null,
      name text,
      session_id text,
      created_at integer not null,
      metadata text not null default '{}',
      deleted_at integer
    ) strict`,
    `create unique index conversation_by_name on conversation (owner, name) where name is not null and deleted_at is null`,
    `create index conversation_by_deletion on conversation (deleted_at) where deleted_at is not null`,

    `create table conversation_item (
      position integer primary key autoincrement,
      conversation_id text not null references conversation (id),
      id text not null,
      item text not null,
      unique (conversation_id, id)
    ) strict`,
    `create index conversation_item_by_position on conversation_item (conversation_id, position)`,

    `create table idempotency_key (
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
    ) strict, without rowid`,
    `create index idempotency_key_by_expiry on idempotency_key (expires_at)`,

    `create table api_key (
      id text not null primary key,
      name text not null,
      hash text not null unique,
      scopes text not null,
      service integer not null default 0,
      created_at integer not null,
      last_used_at integer,
      revoked_at integer
    ) strict`,
    `create unique index api_key_by_name on api_key (name) where revoked_at is null`,
  ],
}
