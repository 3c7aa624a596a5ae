import { port, text, url, type Setting, type SettingsOf } from '@talaria/core/config'
import { chatSettings } from '../chat-settings.ts'

/** Everything that can be set of Telegram. */
export const telegramSettings = {
  telegramBotToken: {
    env: 'TELEGRAM_BOT_TOKEN',
    schema: text('a token from @BotFather').optional(),
    secret: true,
    help: 'The token of the bot, from @BotFather. It alone enables Telegram.',
  } satisfies Setting<string | undefined> as Setting<string | undefined>,
  telegramWebhookUrl: {
    env: 'TELEGRAM_WEBHOOK_URL',
    file: 'platforms.telegram.webhook_url',
    schema: url().optional(),
    help: 'The public address of /platforms/telegram/ (or of the port below). With it Telegram delivers there; without it the gateway asks Telegram.',
  } as Setting<string | undefined>,
  telegramWebhookSecret: {
    env: 'TELEGRAM_WEBHOOK_SECRET',
    schema: text('16 to 256 letters, digits, _ and -').optional(),
    secret: true,
    help: 'What Telegram proves itself with when it delivers; required with TELEGRAM_WEBHOOK_URL.',
  } as Setting<string | undefined>,
  telegramWebhookPort: {
    env: 'TELEGRAM_WEBHOOK_PORT',
    file: 'platforms.telegram.webhook_port',
    schema: port().optional(),
    help: "A port of its own for Telegram's deliveries, besides the gateway's.",
  } as Setting<number | undefined>,
  telegramWebhookHost: {
    env: 'TELEGRAM_WEBHOOK_HOST',
    file: 'platforms.telegram.webhook_host',
    schema: text('a host name or address'),
    fallback: '127.0.0.1',
    help: 'The address on which that port listens.',
  } as Setting<string>,
  telegramProxy: {
    env: 'TELEGRAM_PROXY',
    schema: url().optional(),
    secret: true,
    help: 'An HTTP proxy through which Telegram is reached, such as http://127.0.0.1:3128.',
  } as Setting<string | undefined>,
  telegramApiRoot: {
    env: 'TELEGRAM_API_ROOT',
    file: 'platforms.telegram.api_root',
    schema: url(),
    fallback: 'https://api.telegram.org',
    help: 'The Bot API server; another one when you run your own.',
  } as Setting<string>,
  ...chatSettings('telegram', 'TELEGRAM', 'Telegram'),
}

export type TelegramSettings = SettingsOf<typeof telegramSettings>
