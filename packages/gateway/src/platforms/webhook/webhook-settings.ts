import { flag, integer, port, text, defineSettings } from '@talaria/core/config'
import { z } from 'zod'
import { chatSettings } from '../chat-settings.ts'
import { webhookRoute } from './webhook-route.ts'

const routes = z.record(z.string().regex(/^[\w-]{1,64}$/, 'a name of a route has 1 to 64 letters, digits, _ and -'), webhookRoute)
const written = z.string().transform((value, context) => {
  try {
    return JSON.parse(value) as unknown
  } catch {
    context.addIssue({ code: 'custom', message: 'expected JSON' })
    return z.NEVER
  }
})

/** What can be set of webhooks. */
export const webhookSettings = {
  ...defineSettings({
    webhookEnabled: {
      env: 'WEBHOOK_ENABLED',
      file: 'platforms.webhook.enabled',
      schema: flag().optional(),
      help: 'Whether webhooks are taken in. A route alone enables them; false wins over the routes.',
    },
    webhookSecret: {
      env: 'WEBHOOK_SECRET',
      schema: text('a secret of at least 16 characters').optional(),
      secret: true,
      help: 'The secret of all routes that have none of their own.',
    },
    webhookRoutes: {
      env: 'WEBHOOK_ROUTES',
      file: 'platforms.webhook.routes',
      schema: z.union([z.string().pipe(written).pipe(routes), routes]).describe('routes by their names, see docs/platforms/webhook.md'),
      fallback: {},
      secret: true,
      help: 'The routes at which webhooks come in, by name: a mapping in YAML, JSON in the environment.',
    },
    webhookPort: {
      env: 'WEBHOOK_PORT',
      file: 'platforms.webhook.port',
      schema: port().optional(),
      help: 'Opens a listener of its own for webhooks. Without it they come in at the port of the gateway.',
    },
    webhookHost: {
      env: 'WEBHOOK_HOST',
      file: 'platforms.webhook.host',
      schema: text('a host name or address'),
      fallback: '127.0.0.1',
      help: 'Address of that listener.',
    },
    webhookRatePerMinute: {
      env: 'WEBHOOK_RATE_PER_MINUTE',
      file: 'platforms.webhook.rate_per_minute',
      schema: integer({ min: 1 }),
      fallback: 30,
      help: 'Deliveries that one route takes in within a minute; one more is refused with 429.',
    },
  }),
  ...chatSettings('webhook', 'WEBHOOK', 'webhooks'),
}
