import type { ClaimableState } from './claim-candidates.ts'
import type { ClaimCaps } from './claim-caps.ts'
import type { Actor, WaitingCode } from './records.ts'

/** What a dispatcher says when it claims. */
export interface ClaimOptions {
  /** The dispatcher's id. */
  readonly dispatcher: string
  readonly host: string
  readonly now: number
  readonly leaseMs: number
  readonly caps: ClaimCaps
  /** What does the work of an assignee, by name; `undefined` when nobody here knows it. Looks at nothing but its argument. */
  readonly executorOf: (assignee: string) => string | undefined
  /** Both unless given. */
  readonly states?: readonly ClaimableState[]
  /** How long an attempt may take, where its task does not say; as long as it wants unless given. */
  readonly maxRuntimeMs?: number
}

/** A task that was looked at and is not claimed, and why. */
export interface HeldTask {
  readonly number: number
  readonly code: WaitingCode
}

/** Why a task that was asked for by its number is not claimed. `taken`: it does not wait at all, because it runs or has ended. */
export interface ClaimRefusal {
  readonly refused: WaitingCode | 'taken'
}

/** Every dispatcher is named like this on the log: by the parts of its id that people read, host and process. */
export function dispatcherActor(dispatcher: string): Actor {
  return `dispatcher:${dispatcher.split('/').slice(0, 2).join('/')}`
}
