import { judgeSecret } from '@talaria/core'
import type { SettingsOf } from '@talaria/core/config'
import type { PlatformPlan } from '../platform.ts'
import type { webhookSettings } from './webhook-settings.ts'

/** Whether webhooks can be taken in: there is a route, and every route has a secret that is one. */
export function planWebhook({
  webhookEnabled,
  webhookRoutes,
  webhookSecret,
}: Pick<SettingsOf<typeof webhookSettings>, 'webhookEnabled' | 'webhookRoutes' | 'webhookSecret'>): PlatformPlan {
  if (webhookEnabled === false) return { state: 'disabled', reason: 'WEBHOOK_ENABLED is false.' }
  const routes = Object.entries(webhookRoutes)
  if (routes.length === 0) return { state: 'not_configured', reason: 'No route is declared in platforms.webhook.routes.' }
  for (const [name, { secret }] of routes) {
    const verdict = judgeSecret(secret ?? webhookSecret)
    if (verdict === 'ok') continue
    const which = secret === undefined ? `has none, and WEBHOOK_SECRET ${verdict.reason}` : verdict.reason
    return { state: 'misconfigured', reason: `The secret of the webhook route '${name}' ${which}. Set it to at least 16 random characters.` }
  }
  return { state: 'ready' }
}
