import type { PlatformState, PlatformStatus } from '@talaria/core/contracts'

/** Something through which people reach the agent. Building one opens nothing; only `start` does. */
export interface Platform extends AsyncDisposable {
  readonly name: string
  readonly status: PlatformStatus
  /** Connects, and resolves once it is connected or has said why it is not. Never rejects. */
  start(): Promise<void>
}

/** Whether a platform's settings let it be started; if not, why, in a sentence that names what to set. */
export type PlatformPlan =
  | { readonly state: 'ready' }
  | { readonly state: Extract<PlatformState, 'not_configured' | 'disabled' | 'misconfigured'>; readonly reason: string }
