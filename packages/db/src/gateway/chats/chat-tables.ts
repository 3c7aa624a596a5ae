import type { Generated } from 'kysely'

type Flag = 0 | 1

/** The rows of what chats need: where people talk, what came in, what goes out, who may. */
export interface ChatTables {
  chat: ChatTable
  route: RouteTable
  inbound: InboundTable
  outbound: OutboundTable
  platform: PlatformTable
  platform_transition: PlatformTransitionTable
  platform_lease: PlatformLeaseTable
  pairing_request: PairingRequestTable
  pairing_lock: PairingLockTable
  paired_user: PairedUserTable
}

/** The columns of a place where people talk. */
export interface AddressColumns {
  platform: string
  account: string
  chat_id: string
  thread_id: string
}

export interface ChatTable extends AddressColumns {
  kind: string | null
  name: string | null
  parent_chat_id: string | null
  first_seen_at: number
  last_seen_at: number
  is_home: Generated<Flag>
  model: string | null
  system_prompt: string | null
  busy_mode: string | null
  personality: string | null
  reset: string | null
  parked_at: number | null
  parked_code: string | null
  parked_reason: string | null
}

export interface RouteTable extends AddressColumns {
  session_key: string
  session_id: string
  started_at: number
  last_activity_at: number
  interruptions: Generated<number>
  suspended_at: number | null
  settings: Generated<string>
}

export interface InboundTable extends AddressColumns {
  position: Generated<number>
  id: string
  message_id: string
  session_key: string
  sender_id: string
  sender_name: string | null
  body: string
  mode: string
  state: string
  reason: string | null
  runner: string | null
  turn_id: string | null
  received_at: number
  finished_at: number | null
}

export interface OutboundTable extends AddressColumns {
  position: Generated<number>
  id: string
  group_id: string
  chunk: number
  kind: string
  text: string
  attachments: string
  reply_to: string | null
  session_key: string | null
  turn_id: string | null
  silent: Flag
  /** A message of ours that is edited instead of sending one. */
  sent_message_id: string | null
  state: string
  attempts: Generated<number>
  /** Set on the first unsent row of a chat, its head, and on no other. */
  due_at: number | null
  uncertain: Generated<Flag>
  code: string | null
  error: string | null
  runner: string | null
  message_id: string | null
  created_at: number
  ended_at: number | null
}

export interface PlatformTable {
  name: string
  state: string | null
  reason: string | null
  since: number | null
  next_attempt_at: number | null
  /** What the operator wishes, whatever the state is. */
  paused: Generated<Flag>
}

export interface PlatformTransitionTable {
  position: Generated<number>
  platform: string
  state: string
  reason: string | null
  next_attempt_at: number | null
  at: number
}

export interface PlatformLeaseTable {
  platform: string
  account: string
  /** Empty when it was released. */
  holder: string | null
  /** Grows with every holder, so that one that was late changes nothing. */
  fence: number
  expires_at: number
}

export interface PairingRequestTable {
  platform: string
  user_id: string
  user_name: string | null
  code_hash: string
  salt: string
  requested_at: number
  expires_at: number
}

/** Wrong codes of late, one row a platform. */
export interface PairingLockTable {
  platform: string
  failures: number
  failed_at: number
  locked_until: Generated<number>
}

export interface PairedUserTable {
  platform: string
  user_id: string
  user_name: string | null
  paired_at: number
}
