import { definePlatform } from '../definition.ts'
import type { PlatformPlan } from '../platform.ts'
import { feishuSettings, type FeishuSettings } from './feishu-settings.ts'

/** Feishu and Lark, by a connection that we keep or by deliveries to a webhook. */
export const feishu = definePlatform({
  name: 'feishu',
  label: 'Feishu',
  settings: feishuSettings,
  plan: planFeishu,
  accountOf: ({ feishuAppId }) => feishuAppId,
  async connect(settings, context) {
    const { connectFeishu } = await import('./connect-feishu.ts')
    return connectFeishu(settings, context)
  },
})

function planFeishu(settings: FeishuSettings): PlatformPlan {
  const { feishuAppId: id, feishuAppSecret: secret } = settings
  if (id === undefined && secret === undefined) return { state: 'not_configured', reason: 'FEISHU_APP_ID and FEISHU_APP_SECRET are not set.' }
  if (id === undefined || secret === undefined) {
    return { state: 'misconfigured', reason: `${id === undefined ? 'FEISHU_APP_ID' : 'FEISHU_APP_SECRET'} is not set, the other one is.` }
  }
  // The library does not connect with any other, nor does it say so.
  if (!/^cli_[0-9a-fA-F]{16}$/.test(id)) return { state: 'misconfigured', reason: 'FEISHU_APP_ID is no App ID: cli_ and 16 hexadecimal digits.' }
  const isWebhook = settings.feishuConnectionMode === 'webhook'
  if (isWebhook && settings.feishuEncryptKey === undefined && settings.feishuVerificationToken === undefined) {
    return { state: 'misconfigured', reason: 'FEISHU_CONNECTION_MODE=webhook needs FEISHU_ENCRYPT_KEY or FEISHU_VERIFICATION_TOKEN, or anybody could deliver.' }
  }
  return { state: 'ready' }
}
