import { oneOf, port, text, url, type Setting, type SettingsOf } from '@talaria/core/config'
import { z } from 'zod'
import { chatSettings } from '../chat-settings.ts'

/** Everything that can be set of Feishu and Lark. */
export const feishuSettings = {
  feishuAppId: {
    env: 'FEISHU_APP_ID',
    file: 'platforms.feishu.app_id',
    schema: text('an id such as cli_a1b2c3d4e5f60718').optional(),
    help: 'The App ID of the bot, from the developer console.',
  } as Setting<string | undefined>,
  feishuAppSecret: {
    env: 'FEISHU_APP_SECRET',
    schema: text('the App Secret').optional(),
    secret: true,
    help: 'Its App Secret. The two together enable Feishu.',
  } as Setting<string | undefined>,
  feishuDomain: {
    env: 'FEISHU_DOMAIN',
    file: 'platforms.feishu.domain',
    schema: z.union([oneOf('feishu', 'lark'), url()]).describe('feishu, lark, or an address that begins with https://'),
    fallback: 'feishu',
    help: 'Which of the two services, or the address of an installation of your own.',
  } as Setting<string>,
  feishuConnectionMode: {
    env: 'FEISHU_CONNECTION_MODE',
    file: 'platforms.feishu.connection_mode',
    schema: oneOf('websocket', 'webhook'),
    fallback: 'websocket',
    help: 'Whether we keep a connection to Feishu, or Feishu delivers to /platforms/feishu/.',
  } as Setting<'websocket' | 'webhook'>,
  feishuEncryptKey: {
    env: 'FEISHU_ENCRYPT_KEY',
    schema: text('the Encrypt Key').optional(),
    secret: true,
    help: 'The Encrypt Key of the event subscription; deliveries are then encrypted and signed, and others refused.',
  } as Setting<string | undefined>,
  feishuVerificationToken: {
    env: 'FEISHU_VERIFICATION_TOKEN',
    schema: text('the Verification Token').optional(),
    secret: true,
    help: 'The Verification Token of the event subscription. Deliveries need this or the Encrypt Key.',
  } as Setting<string | undefined>,
  feishuWebhookPort: {
    env: 'FEISHU_WEBHOOK_PORT',
    file: 'platforms.feishu.webhook_port',
    schema: port().optional(),
    help: "A port of its own for Feishu's deliveries, besides the gateway's; any path is answered there.",
  } as Setting<number | undefined>,
  feishuWebhookHost: {
    env: 'FEISHU_WEBHOOK_HOST',
    file: 'platforms.feishu.webhook_host',
    schema: text('a host name or address'),
    fallback: '127.0.0.1',
    help: 'The address on which that port listens.',
  } as Setting<string>,
  ...chatSettings('feishu', 'FEISHU', 'Feishu'),
}

export type FeishuSettings = SettingsOf<typeof feishuSettings>
