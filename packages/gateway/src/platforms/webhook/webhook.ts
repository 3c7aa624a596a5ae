import { startHttpServer, ListenError } from '@talaria/core/http'
import { messageOf, type Clock, type Log } from '@talaria/core'
import type { SettingsOf } from '@talaria/core/config'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import { definePlatform } from '../definition.ts'
import type { Platform } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { RateLimit } from './rate-limit.ts'
import { planWebhook } from './webhook-plan.ts'
import { createWebhookReceiver } from './webhook-receiver.ts'
import { webhookSettings } from './webhook-settings.ts'

/** The only account there is: whoever holds a route's secret speaks for it. */
const ACCOUNT = 'webhook'

/** Webhooks of any service: what is delivered, signed, is a message; each delivery is a conversation of its own. */
export const webhook = definePlatform({
  name: 'webhook',
  label: 'Webhooks',
  settings: webhookSettings,
  plan: planWebhook,
  // Nobody is connected to: each gateway answers what is delivered to it.
  accountOf: () => undefined,
  async connect(settings, context) {
    const { webhookRoutes: routes, webhookSecret: secret, webhookRatePerMinute: perMinute } = settings
    const rate = new RateLimit({ perMinute, clock: context.clock })
    const fetch = createWebhookReceiver({ account: ACCOUNT, routes, secret, rate, context })
    context.mount(fetch)
    if (settings.webhookPort !== undefined) context.resources.use(await listen(settings, { fetch, clock: context.clock, log: context.log }))
    return new WebhookPlatform(context.log)
  },
})

/** Webhooks are one way: an answer that is not delivered elsewhere is in the log, and in the session. */
class WebhookPlatform implements Platform {
  readonly account = ACCOUNT
  readonly capabilities = {
    threads: true,
    edits: false,
    typing: false,
    reactions: false,
    files: false,
    voice: false,
    maxLength: 50_000,
    markup: 'markdown',
    editEveryMs: 0,
    commandPrefix: '/',
  } as const
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  async send({ id, address, text }: OutboundMessage, signal: AbortSignal): Promise<{ messageId: string }> {
    signal.throwIfAborted()
    if (text.length > this.capabilities.maxLength) throw new PlatformError('too_long', `An answer has at most ${this.capabilities.maxLength} characters.`)
    this.#log.info({ route: address.chatId, delivery: address.threadId, text }, 'an answer to a webhook')
    return { messageId: id }
  }

  /** Nobody is called: it is there as long as its listener is. */
  async probe(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
  }
}

async function listen(
  { webhookHost: host, webhookPort: port = 0 }: SettingsOf<typeof webhookSettings>,
  { fetch, clock, log }: { readonly fetch: (request: Request) => Promise<Response>; readonly clock: Clock; readonly log: Log },
) {
  const route = (request: Request) => (new URL(request.url).pathname === '/health' ? Response.json({ status: 'ok' }) : fetch(request))
  try {
    return await startHttpServer({ fetch: route, host, port, settings: { host: 'WEBHOOK_HOST', port: 'WEBHOOK_PORT' }, log, clock, graceMs: 2_000 })
  } catch (error) {
    throw new PlatformError(error instanceof ListenError ? 'address_in_use' : 'internal', messageOf(error), { cause: error })
  }
}
