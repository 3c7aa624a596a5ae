import type { Generated } from 'kysely'
import type { ChatTables } from './chats/chat-tables.ts'
import type { CronJobTable, CronRunTable } from './cron/cron-tables.ts'

/** The rows of `gateway.db`, as they lie on disk: times in integer milliseconds, flags 0 or 1, JSON as text. */
export interface GatewayTables extends ChatTables {
  runner: RunnerTable
  session: SessionTable
  message: MessageTable
  message_fts: MessageFtsTable
  search_progress: SearchProgressTable
  turn: TurnTable
  turn_event: TurnEventTable
  response: ResponseTable
  conversation: ConversationTable
  conversation_item: ConversationItemTable
  idempotency_key: IdempotencyKeyTable
  api_key: ApiKeyTable
  cron_job: CronJobTable
  cron_run: CronRunTable
}

type Flag = 0 | 1

export interface RunnerTable {
  id: string
  host: string
  pid: number
  /** Tells this process from a later one with the same number; `null` where the system cannot say. */
  process_started: string | null
  started_at: number
  heartbeat_at: number
}

export interface SessionTable {
  id: string
  owner: string
  source: string
  user_id: string | null
  title: string | null
  model: string | null
  system_prompt: string | null
  parent_session_id: string | null
  created_at: number
  updated_at: number
  ended_at: number | null
  end_reason: string | null
  pinned: Generated<Flag>
  archived: Generated<Flag>
  hidden: Generated<Flag>
  unread: Generated<Flag>
  message_count: Generated<number>
  tool_call_count: Generated<number>
  input_tokens: Generated<number>
  output_tokens: Generated<number>
  reasoning_tokens: Generated<number>
  cached_input_tokens: Generated<number>
  preview: string | null
  metadata: Generated<string>
  transcript_hash: string | null
  deleted_at: number | null
}

export interface MessageTable {
  position: Generated<number>
  id: string
  session_id: string
  turn_id: string | null
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string
  parts: string | null
  tool_calls: string | null
  tool_call_id: string | null
  tool_name: string | null
  reasoning: string | null
  finish_reason: string | null
  created_at: number
}

/** Contentless: holds the index, not the text. `rowid` is the message's `position`. */
export interface MessageFtsTable {
  rowid: number
  content: string
  /** One token for the owner and one for the session, so that the index itself narrows a search to them. */
  scope: string
}

/** One row: how far the search index has come. */
export interface SearchProgressTable {
  id: 1
  position: number
}

export interface TurnTable {
  id: string
  owner: string
  session_id: string
  kind: string
  status: string
  model: string
  created_at: number
  updated_at: number
  finished_at: number | null
  request: string
  output: string | null
  finish_reason: string | null
  usage: string | null
  error: string | null
  last_seq: Generated<number>
  /** The process that runs it; only that one may settle it. */
  runner: string
}

export interface TurnEventTable {
  turn_id: string
  seq: number
  type: string
  data: string
  created_at: number
}

export interface ResponseTable {
  id: string
  owner: string
  turn_id: string
  session_id: string
  previous_response_id: string | null
  conversation_id: string | null
  status: string
  created_at: number
  completed_at: number | null
  expires_at: number | null
  deleted_at: number | null
  envelope: string
  input: string
  output: Generated<string>
}

export interface ConversationTable {
  id: string
  owner: string
  name: string | null
  session_id: string | null
  created_at: number
  metadata: string
  deleted_at: number | null
}

export interface ConversationItemTable {
  position: Generated<number>
  conversation_id: string
  id: string
  item: string
}

export interface IdempotencyKeyTable {
  scope: string
  key: string
  fingerprint: string
  /** Proof of who may answer under this key: a claim that was taken over matches nothing. */
  claim: string
  runner: string
  turn_id: string | null
  status: number | null
  headers: string | null
  body: string | null
  created_at: number
  expires_at: number
}

export interface ApiKeyTable {
  id: string
  name: string
  hash: string
  scopes: string
  service: Flag
  created_at: number
  last_used_at: number | null
  revoked_at: number | null
}
