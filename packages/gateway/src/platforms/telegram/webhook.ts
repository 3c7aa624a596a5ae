import { secretsEqual } from '@talaria/core'
import type { Update } from 'grammy/types'
import { readBody } from '../read-body.ts'
import { takeUpdates, type TakeUpdatesOptions } from './take-updates.ts'

/** Telegram's own limit for a text is 4,096 characters; an update of 1 MB is none of Telegram's. */
const MAX_BYTES = 1_000_000

export interface WebhookOptions extends TakeUpdatesOptions {
  /** What Telegram was told to prove itself with. */
  readonly secret: string
}

/** Answers Telegram's deliveries: 200 once the message is on disk, 500 when Telegram is to send it again. */
export function createWebhook(options: WebhookOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'POST') return new Response(null, { status: 405, headers: { Allow: 'POST' } })
    if (!secretsEqual(request.headers.get('x-telegram-bot-api-secret-token') ?? '', options.secret)) {
      options.log.warn('A request to the webhook of Telegram did not know its secret and was refused.')
      return new Response(null, { status: 401 })
    }
    const body = await readBody(request, MAX_BYTES)
    if (body === undefined) return new Response(null, { status: 413 })
    const update = parseUpdate(body.toString())
    if (!update) return new Response(null, { status: 400 })
    const failed = await takeUpdates([update], options)
    if (failed) options.log.error({ err: failed.error }, 'A message from Telegram could not be written down; Telegram will send it again.')
    return new Response(null, { status: failed ? 500 : 200 })
  }
}

function parseUpdate(body: string): Update | undefined {
  try {
    const update = JSON.parse(body) as Partial<Update> | null
    return typeof update?.update_id === 'number' ? (update as Update) : undefined
  } catch {
    return undefined
  }
}
