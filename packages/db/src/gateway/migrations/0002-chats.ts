import type { Migration } from '../../schema.ts'

/** What chat platforms need: where people talk, what came in, what goes out, how each platform is doing, who may talk to us. */
export const chatTables: Migration = {
  name: '0002-chats',
  sqlite: [
    `create table chat (
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
    ) strict, without rowid`,
    `create unique index chat_home on chat (platform) where is_home = 1`,

    `create table route (
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
    ) strict, without rowid`,
    `create index route_by_session on route (session_id)`,

    `create table inbound (
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
    ) strict`,
    `create index inbound_open on inbound (session_key, state, position) where finished_at is null`,
    `create index inbound_taken on inbound (runner) where state = 'taken'`,
    `create index inbound_by_end on inbound (finished_at) where finished_at is not null`,

    // due_at is set on the first unsent row of a chat, its head, and on no other: what is due is found without a look at
    // what waits behind it, and the index says that a chat has one head.
    `create table outbound (
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
    ) strict`,
    `create unique index outbound_head on outbound (platform, account, chat_id, thread_id) where due_at is not null`,
    `create index outbound_due on outbound (platform, due_at) where state = 'pending' and due_at is not null`,
    `create index outbound_behind on outbound (platform, account, chat_id, thread_id, position) where state = 'pending' and due_at is null`,
    `create index outbound_parked on outbound (platform, account, chat_id, thread_id) where state = 'parked'`,
    `create index outbound_parked_by_age on outbound (created_at) where state = 'parked'`,
    `create index outbound_sending on outbound (runner) where state = 'sending'`,
    `create index outbound_unsent on outbound (state, platform, position) where state <> 'sent'`,
    `create index outbound_by_end on outbound (ended_at) where ended_at is not null`,

    `create table platform (
      name text not null primary key,
      state text,
      reason text,
      since integer,
      next_attempt_at integer,
      paused integer not null default 0
    ) strict, without rowid`,

    `create table platform_transition (
      position integer primary key autoincrement,
      platform text not null,
      state text not null,
      reason text,
      next_attempt_at integer,
      at integer not null
    ) strict`,
    `create index platform_transition_by_platform on platform_transition (platform, position)`,
    `create index platform_transition_by_time on platform_transition (at)`,

    `create table pairing_request (
      platform text not null,
      user_id text not null,
      user_name text,
      code_hash text not null,
      salt text not null,
      requested_at integer not null,
      expires_at integer not null,
      primary key (platform, user_id)
    ) strict, without rowid`,
    `create index pairing_request_by_expiry on pairing_request (expires_at)`,

    `create table pairing_lock (
      platform text not null primary key,
      failures integer not null,
      failed_at integer not null,
      locked_until integer not null default 0
    ) strict, without rowid`,

    `create table paired_user (
      platform text not null,
      user_id text not null,
      user_name text,
      paired_at integer not null,
      primary key (platform, user_id)
    ) strict, without rowid`,
  ],
}
