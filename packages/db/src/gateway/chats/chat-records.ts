import type { PlatformState } from '@talaria/core/contracts'
import type { ChatAddress } from '../records.ts'

/** What kind of place a chat is. */
export type ChatKind = 'direct' | 'group' | 'channel' | 'thread'

/** What a message does that comes while an answer is being written. */
export type BusyMode = 'queue' | 'steer' | 'interrupt' | 'reject'

/** A place where people talk: an entry of the directory of chats, with what was set for it. */
export interface Chat {
  readonly address: ChatAddress
  /** `null` until somebody was heard there. */
  readonly kind: ChatKind | null
  readonly name: string | null
  /** The chat that a thread belongs to. */
  readonly parentChatId: string | null
  readonly firstSeenAt: number
  /** To the minute. */
  readonly lastSeenAt: number
  /** Where messages of its platform go that answer nobody; one chat a platform. */
  readonly isHome: boolean
  readonly settings: ChatSettings
  /** Why nothing can be sent there, while that is so. */
  readonly parked: { readonly at: number; readonly code: string; readonly reason: string } | null
}

/** What can be set for one chat; `null` is what its platform has. */
export interface ChatSettings {
  readonly model: string | null
  readonly systemPrompt: string | null
  readonly busyMode: BusyMode | null
  readonly personality: string | null
  /** When a new session begins here by itself. */
  readonly reset: Readonly<Record<string, unknown>> | null
}

/** Which session a session key leads to now. */
export interface Route {
  readonly sessionKey: string
  /** Where its answers go. */
  readonly address: ChatAddress
  readonly sessionId: string
  /** When the key was pointed at this session. */
  readonly startedAt: number
  readonly lastActivityAt: number
  /** Turns in a row that a crash or a restart cut short. */
  readonly interruptions: number
  /** No turn runs by itself from then on; `null` when it is not suspended. */
  readonly suspendedAt: number | null
  readonly settings: Readonly<Record<string, unknown>>
}

export type InboundState = 'waiting' | 'taken' | 'done' | 'discarded'

/** A message that came in, before it is written. */
export interface NewInbound {
  readonly id: string
  readonly address: ChatAddress
  /** The platform's id of it: a second one with it in the same chat is a duplicate. */
  readonly messageId: string
  readonly sessionKey: string
  readonly sender: { readonly id: string; readonly name?: string | null }
  /** The message itself: a JSON object. */
  readonly body: object
  readonly mode: BusyMode
  /** `done` for one that needs no turn, such as a command; it is kept to know its duplicates. */
  readonly state?: 'waiting' | 'done'
  readonly reason?: string
}

/** A message that came in. */
export interface Inbound {
  readonly id: string
  /** Strictly growing over all of them: the order in which they were accepted. */
  readonly position: number
  readonly address: ChatAddress
  readonly messageId: string
  readonly sessionKey: string
  readonly sender: { readonly id: string; readonly name: string | null }
  readonly body: Readonly<Record<string, unknown>>
  readonly mode: BusyMode
  readonly state: InboundState
  /** Why it was finished without an answer. */
  readonly reason: string | null
  /** The process that took it, or that it was given back by. */
  readonly runner: string | null
  /** The turn that answers it, or answered it. On one that waits: the turn was cut short. */
  readonly turnId: string | null
  readonly receivedAt: number
  readonly finishedAt: number | null
}

/** `pending`: to be sent; `parked`: its chat takes nothing; `dead`: given up, until somebody replays it. */
export type OutboundState = 'pending' | 'sending' | 'sent' | 'parked' | 'dead'

/** What a message to a chat is: a turn's answer, a command's, something that nobody asked for, or a cron job's. */
export type OutboundKind = 'reply' | 'command' | 'notice' | 'cron'

/** A file to be sent with a message. */
export interface StoredAttachment {
  readonly kind: 'image' | 'audio' | 'voice' | 'video' | 'document'
  readonly path: string
  readonly name: string
  readonly mediaType: string
}

/** One chunk of a message to a chat, before it is written. */
export interface NewOutbound {
  readonly id: string
  /** The message that it is a chunk of. */
  readonly group: string
  readonly chunk: number
  readonly address: ChatAddress
  readonly kind: OutboundKind
  readonly text: string
  readonly attachments: readonly StoredAttachment[]
  readonly replyTo?: string
  readonly sessionKey?: string
  readonly turnId?: string
  readonly silent?: boolean
  /** A message that is there already, such as a draft: it becomes this text. */
  readonly sentMessageId?: string
  /** Something was sent under this id already, and nobody knows whether it arrived. */
  readonly uncertain?: boolean
}

/** One chunk of a message to a chat: a row of the outbox. */
export interface Outbound {
  readonly id: string
  /** Strictly growing over all of them: the order in which a chat is sent its own. */
  readonly position: number
  readonly group: string
  readonly chunk: number
  readonly address: ChatAddress
  readonly kind: OutboundKind
  readonly text: string
  readonly attachments: readonly StoredAttachment[]
  readonly replyTo: string | null
  readonly sessionKey: string | null
  readonly turnId: string | null
  readonly silent: boolean
  readonly sentMessageId: string | null
  readonly state: OutboundState
  readonly attempts: number
  /** When it may be sent; `null` while an earlier one of its chat is unsent, or it is not to be sent. */
  readonly dueAt: number | null
  /** An earlier attempt may have arrived: nobody knows. */
  readonly uncertain: boolean
  /** Of the last failure. */
  readonly code: string | null
  readonly error: string | null
  /** The process that sends it, or that had it last. */
  readonly runner: string | null
  /** The platform's id of it, once it was sent. */
  readonly messageId: string | null
  /** When it was written, or put back by a replay. */
  readonly createdAt: number
  /** When it was sent or given up. */
  readonly endedAt: number | null
}

/** How many rows of the outbox a platform has in a state. */
export interface OutboundCount {
  readonly platform: string
  readonly state: Exclude<OutboundState, 'sent'>
  readonly count: number
}

/** How a platform is doing, or was. */
export interface PlatformRecord {
  readonly platform: string
  readonly state: PlatformState
  readonly reason: string | null
  readonly since: number
  readonly nextAttemptAt: number | null
}

/** A moment in which a platform changed. */
export interface PlatformTransition extends Omit<PlatformRecord, 'since'> {
  /** Strictly growing; the cursor of a page. */
  readonly position: number
  readonly at: number
}

/** Which account of a platform is wanted, and by whom. */
export interface WantedLease {
  readonly platform: string
  readonly account: string
  /** The id of the runner that wants it. */
  readonly holder: string
  readonly ttlMs: number
  /** A holder that is known to be no more: what it held is free before its time is up. */
  readonly gone?: string
}

/** Who may be connected to an account of a platform. */
export interface PlatformLease {
  readonly platform: string
  readonly account: string
  /** The id of a runner; `null` when it was given back. */
  readonly holder: string | null
  /** Grows with every holder. */
  readonly fence: number
  readonly expiresAt: number
  /** The number of the holder's process, as far as it is registered. */
  readonly pid: number | null
}

/** Somebody asks to be paired: they were shown a code, which is known here by its hash only. */
export interface PairingRequest {
  readonly platform: string
  readonly userId: string
  readonly userName: string | null
  readonly codeHash: string
  readonly salt: string
  readonly requestedAt: number
  readonly expiresAt: number
}

/** Somebody who may talk to the agent on a platform because an operator approved their code. */
export interface PairedUser {
  readonly platform: string
  readonly userId: string
  readonly userName: string | null
  readonly pairedAt: number
}
