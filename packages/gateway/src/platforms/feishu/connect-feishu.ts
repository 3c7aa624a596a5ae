import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { ListenError, startHttpServer } from '@talaria/core/http'
import type { ConnectContext } from '../definition.ts'
import type { Platform } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { createEventIntake, type EventIntake } from './event-intake.ts'
import { createFeishuClient, type FeishuClient } from './feishu-client.ts'
import { createFeishuPlatform } from './feishu-platform.ts'
import type { FeishuSettings } from './feishu-settings.ts'
import type { FeishuBot } from './inbound-message-of.ts'
import { openLongConnection } from './long-connection.ts'
import { createWebhook } from './webhook.ts'

const DOMAINS: Readonly<Record<string, string>> = { feishu: 'https://open.feishu.cn', lark: 'https://open.larksuite.com' }

/** Connects as the app; resolves when Feishu has said who its bot is, and events can come in. @throws PlatformError */
export async function connectFeishu(settings: FeishuSettings, context: ConnectContext): Promise<Platform> {
  const { feishuAppId: appId = '', feishuAppSecret: appSecret = '' } = settings
  const { resources, signal, receive, clock, log } = context
  const domain = DOMAINS[settings.feishuDomain] ?? settings.feishuDomain
  const keepAlive = { keepAlive: true }
  const agent = resources.adopt(domain.startsWith('https:') ? new HttpsAgent(keepAlive) : new HttpAgent(keepAlive), (open) => open.destroy())
  const client = createFeishuClient({ appId, appSecret, domain, agent })
  const bot = { appId, openId: await openIdOf(client, signal) }
  const take = createEventIntake({ receive, bot, isOurs: (messageId) => isOurs(client, bot, { messageId, signal }), log })

  if (settings.feishuConnectionMode === 'webhook') {
    await startWebhook(settings, context, take)
    return createFeishuPlatform({ client, bot, isListening: () => true, clock })
  }
  const connection = await openLongConnection({ ...context, appId, appSecret, domain, http: client.http, take })
  return createFeishuPlatform({ client, bot, isListening: () => connection.isConnected, clock })
}

async function openIdOf(client: FeishuClient, signal: AbortSignal): Promise<string> {
  const { bot } = await client.call<{ bot?: { open_id?: string } }>({ method: 'GET', path: 'bot/v3/info', isRepeatable: true, signal })
  if (!bot?.open_id) throw new PlatformError('missing_permission', 'The app has no bot: add the bot ability in the developer console, and publish a version.')
  return bot.open_id
}

interface Asked {
  readonly messageId: string
  readonly signal: AbortSignal
}

async function isOurs(client: FeishuClient, bot: FeishuBot, { messageId, signal }: Asked): Promise<boolean> {
  type Messages = { data: { items?: { sender: { id: string } }[] } }
  const path = `im/v1/messages/${encodeURIComponent(messageId)}`
  const { data } = await client.call<Messages>({ method: 'GET', path, isRepeatable: true, signal })
  return data.items?.[0]?.sender.id === bot.appId
}

async function startWebhook(settings: FeishuSettings, context: ConnectContext, take: EventIntake): Promise<void> {
  const { feishuEncryptKey: encryptKey, feishuVerificationToken: verificationToken, feishuWebhookPort: port, feishuWebhookHost: host } = settings
  const { resources, mount, clock, log } = context
  const fetch = createWebhook({ encryptKey, verificationToken, take, clock, log })
  mount(fetch)
  if (port === undefined) return
  try {
    const names = { host: 'FEISHU_WEBHOOK_HOST', port: 'FEISHU_WEBHOOK_PORT' }
    resources.use(await startHttpServer({ fetch, host, port, settings: names, log, clock, graceMs: 1_000 }))
  } catch (error) {
    throw error instanceof ListenError ? new PlatformError('address_in_use', error.message, { cause: error }) : error
  }
}
