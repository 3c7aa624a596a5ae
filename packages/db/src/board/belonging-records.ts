import type { Actor, EventKind, ApprovalGate } from './records.ts'

/** A file of a task. Its bytes lie beside the board, under its id. */
export interface Attachment {
  readonly id: string
  readonly taskNumber: number
  readonly runId: string | null
  readonly name: string
  readonly mediaType: string
  readonly bytes: number
  readonly sha256: string
  readonly uploadedBy: Actor
  readonly createdAt: number
}

/** A completion that waits for a word, bound to what it was asked for: another revision makes it void. */
export interface Approval {
  readonly id: string
  readonly taskNumber: number
  readonly runId: string | null
  readonly taskRevision: number
  readonly gate: ApprovalGate
  readonly state: 'waiting' | 'approved' | 'denied' | 'expired' | 'void'
  readonly askedBy: Actor
  readonly askedAt: number
  readonly expiresAt: number | null
  readonly answeredBy: Actor | null
  readonly answeredAt: number | null
  readonly reason: string | null
}

/** Who is told, and how: a chat, a session that is woken, or a URL. */
export type SubscriptionTarget =
  | {
      readonly kind: 'chat'
      readonly platform: string
      readonly account: string
      readonly chatId: string
      readonly threadId: string
      readonly sessionId?: string
    }
  | { readonly kind: 'session'; readonly sessionId: string }
  | { readonly kind: 'webhook'; readonly url: string; readonly secret?: string }

/** `wake`: the session that asked is given a turn about it. */
export type SubscriptionMode = 'notify' | 'wake' | 'notify+wake'

export interface NewSubscription {
  readonly target: SubscriptionTarget
  readonly mode?: SubscriptionMode
  /** Kinds of events, or every one that people care about. */
  readonly kinds?: readonly EventKind[]
  /** Collected into one message every so many minutes. */
  readonly digestMinutes?: number
}

/** Somebody who is told of a task's events, or of the whole board's, from `cursor` on. */
export interface Subscription extends NewSubscription {
  readonly id: string
  readonly taskNumber: number | null
  readonly mode: SubscriptionMode
  readonly createdBy: Actor
  readonly createdAt: number
  /** The last event that it was told of. */
  readonly cursor: number
  readonly nextAt: number | null
  readonly failures: number
  readonly lastError: string | null
  readonly parkedAt: number | null
}
