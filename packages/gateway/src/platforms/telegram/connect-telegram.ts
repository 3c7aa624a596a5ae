import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { messageOf } from '@talaria/core'
import { ListenError, startHttpServer } from '@talaria/core/http'
import { Api } from 'grammy'
import type { ConnectContext } from '../definition.ts'
import type { Platform } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import type { BotIdentity } from './addressed-text.ts'
import { ALLOWED_UPDATES, POLL_TIMEOUT_SECONDS, pollUpdates } from './poll-updates.ts'
import { callTelegram } from './telegram-error.ts'
import { createTelegramPlatform } from './telegram-platform.ts'
import type { TelegramSettings } from './telegram-settings.ts'
import { createWebhook } from './webhook.ts'

/** The longest that a call may take, which is one that uploads 50 MB; who calls gives up sooner by the signal. */
const CALL_TIMEOUT_SECONDS = 120

/** Connects as the bot of the token; resolves when Telegram has said who that is. @throws PlatformError */
export async function connectTelegram(settings: TelegramSettings, context: ConnectContext): Promise<Platform> {
  const { telegramBotToken: token = '', telegramApiRoot: apiRoot, telegramWebhookUrl: webhookUrl } = settings
  const { resources, signal } = context
  // Not the library's own agent: that one is for the whole process, and nobody ever closes it.
  const agent = resources.adopt(createAgent(apiRoot, settings.telegramProxy), (open) => open.destroy())
  const api = new Api(token, { apiRoot, timeoutSeconds: CALL_TIMEOUT_SECONDS, baseFetchConfig: { agent, compress: true } })
  const me = await callTelegram({ isRepeatable: true, signal }, (abort) => api.getMe(abort))
  const bot = { id: me.id, username: me.username }

  if (webhookUrl === undefined) {
    const polling = new Api(token, { apiRoot, timeoutSeconds: POLL_TIMEOUT_SECONDS, baseFetchConfig: { agent, compress: true } })
    // While there is a webhook Telegram refuses to be asked.
    await callTelegram({ isRepeatable: true, signal }, (abort) => api.deleteWebhook({ drop_pending_updates: false }, abort))
    startPolling(polling, bot, context)
  } else {
    await startWebhook(api, bot, { settings, url: webhookUrl, context })
  }
  return createTelegramPlatform({ api, agent, bot, apiRoot, webhookUrl })
}

function startPolling(api: Api, bot: BotIdentity, context: ConnectContext): void {
  const running = pollUpdates({ ...context, api, bot }).catch((error: unknown) => {
    context.lost(new PlatformError('internal', `Asking Telegram for updates failed: ${messageOf(error)}`, { cause: error }))
  })
  // The signal ends it; what it is about to write is waited for.
  context.resources.defer(() => running)
}

interface WebhookStart {
  readonly settings: TelegramSettings
  readonly url: string
  readonly context: ConnectContext
}

async function startWebhook(api: Api, bot: BotIdentity, { settings, url, context }: WebhookStart): Promise<void> {
  const { telegramWebhookSecret: secret = '', telegramWebhookPort: port, telegramWebhookHost: host } = settings
  const { resources, signal, receive, mount, log, clock } = context
  const fetch = createWebhook({ secret, bot, receive, log })
  mount(fetch)
  if (port !== undefined) {
    const names = { host: 'TELEGRAM_WEBHOOK_HOST', port: 'TELEGRAM_WEBHOOK_PORT' }
    try {
      resources.use(await startHttpServer({ fetch, host, port, settings: names, log, clock, graceMs: 1_000 }))
    } catch (error) {
      throw error instanceof ListenError ? new PlatformError('address_in_use', error.message, { cause: error }) : error
    }
  }
  // One delivery at a time: side by side, two messages of one chat could overtake each other.
  const options = { secret_token: secret, allowed_updates: ALLOWED_UPDATES, max_connections: 1 }
  await callTelegram({ isRepeatable: true, signal }, (abort) => api.setWebhook(url, options, abort))
}

function createAgent(apiRoot: string, proxy: string | undefined): HttpAgent {
  const options = { keepAlive: true, ...(proxy !== undefined && { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }) }
  return apiRoot.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options)
}
