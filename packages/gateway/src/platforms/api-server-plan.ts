import { judgeSecret } from '@talaria/core'
import type { GatewaySettings } from '../settings.ts'
import type { PlatformPlan } from './platform.ts'

/**
 * Whether the API server can be started with these settings. The key alone enables it, `enabled: false` wins; a key that
 * is no secret is never retried, because nothing changes by trying (incident I-1).
 */
export function planApiServer({ apiServerEnabled, apiServerKey }: Pick<GatewaySettings, 'apiServerEnabled' | 'apiServerKey'>): PlatformPlan {
  if (apiServerEnabled === false) return { state: 'disabled', reason: 'API_SERVER_ENABLED is false.' }
  const verdict = judgeSecret(apiServerKey)
  if (verdict === 'ok') return { state: 'ready' }
  const reason = `API_SERVER_KEY ${verdict.reason}. Set it to at least 16 random characters, for example from: openssl rand -hex 32`
  return { state: verdict.problem === 'absent' ? 'not_configured' : 'misconfigured', reason }
}

/** Whether anybody asked for the API server, so that its absence is worth a running process that says so. */
export function isApiServerWanted({ apiServerEnabled, apiServerKey }: Pick<GatewaySettings, 'apiServerEnabled' | 'apiServerKey'>): boolean {
  return apiServerEnabled !== false && (apiServerEnabled === true || apiServerKey !== undefined)
}
