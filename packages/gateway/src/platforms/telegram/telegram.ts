import { definePlatform } from '../definition.ts'
import type { PlatformPlan } from '../platform.ts'
import { telegramSettings, type TelegramSettings } from './telegram-settings.ts'

/** Telegram by its Bot API, asked by long polling or delivering to a webhook. */
export const telegram = definePlatform({
  name: 'telegram',
  label: 'Telegram',
  settings: telegramSettings,
  plan: planTelegram,
  // The id of the bot; the secret is what follows.
  accountOf: ({ telegramBotToken = '' }) => telegramBotToken.split(':')[0],
  async connect(settings, context) {
    const { connectTelegram } = await import('./connect-telegram.ts')
    return connectTelegram(settings, context)
  },
})

function planTelegram({ telegramBotToken: token, telegramWebhookUrl: webhook, telegramWebhookSecret: secret }: TelegramSettings): PlatformPlan {
  if (token === undefined) return { state: 'not_configured', reason: 'TELEGRAM_BOT_TOKEN is not set.' }
  if (!/^\d+:[\w-]{20,}$/.test(token)) {
    return { state: 'misconfigured', reason: 'TELEGRAM_BOT_TOKEN is no token of a bot; @BotFather gives one, such as 123456789:AAH….' }
  }
  if (webhook !== undefined && !/^[\w-]{16,256}$/.test(secret ?? '')) {
    return { state: 'misconfigured', reason: 'TELEGRAM_WEBHOOK_URL needs a TELEGRAM_WEBHOOK_SECRET of 16 to 256 letters, digits, _ and -.' }
  }
  return { state: 'ready' }
}
