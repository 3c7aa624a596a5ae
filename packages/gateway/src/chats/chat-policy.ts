import type { BusyMode } from '@talaria/db'
import type { ResetPolicy } from './reset-policy.ts'
import type { SessionSharing } from './session-key.ts'

/** How conversations go on one platform, where its chats do not say otherwise. */
export interface ChatPolicy {
  readonly sharing: SessionSharing
  readonly busyMode: BusyMode
  readonly reset: ResetPolicy
}
