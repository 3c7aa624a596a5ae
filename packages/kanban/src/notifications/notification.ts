import type { Subscription, SubscriptionTarget } from '@talaria/db'
import type { ToldEvent } from './describe-event.ts'

/** A file that goes with what is told. */
export interface NotificationFile {
  readonly name: string
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** Something that one subscriber is told. */
export interface Notification {
  /** Made of board, subscription and event: the same whenever it is tried again, also by another process. */
  readonly id: string
  readonly board: string
  readonly subscription: Subscription
  /** One event, or all of a digest; at least one. */
  readonly told: readonly ToldEvent[]
  /** For people. */
  readonly text: string
  /** Reads the files that came of a completed task; none of a digest. */
  readonly files: () => Promise<readonly NotificationFile[]>
}

/**
 * Delivers to one kind of target. Resolves when it is on disk or has arrived, and does nothing when a notification with
 * this id was delivered before: it is called again after a crash. What it throws is written to the subscription, and it
 * is tried again.
 */
export type Deliver = (notification: Notification) => Promise<void>

/** Who can be told by a process, and how. */
export type Deliveries = Partial<Readonly<Record<SubscriptionTarget['kind'], Deliver>>>
