import { createHmac } from 'node:crypto'
import type { Clock } from '@talaria/core'
import type { SubscriptionTarget } from '@talaria/db'
import type { ToldEvent } from './describe-event.ts'
import type { Deliveries, Notification } from './notification.ts'
import { postWebhook } from './post-webhook.ts'

type WebhookTarget = Extract<SubscriptionTarget, { kind: 'webhook' }>

export interface WebhookDeliveriesOptions {
  /** `KANBAN_WEBHOOK_PRIVATE`. */
  readonly mayBePrivate: boolean
  readonly timeoutMs?: number
  readonly clock: Clock
}

/**
 * Calls URLs, signed as Standard Webhooks has it. A receiver knows by `webhook-id` what it has had already: what it took
 * without our hearing of it comes again.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function webhookDeliveries({ mayBePrivate, timeoutMs, clock }: WebhookDeliveriesOptions): Deliveries {
  return {
    async webhook(notification) {
      const { url, secret } = notification.subscription.target as WebhookTarget
      const { id } = notification
      const body = JSON.stringify(webhookBody(notification))
      const timestamp = String(Math.floor(clock.now() / 1_000))
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        ...(secret !== undefined && { 'webhook-signature': `v1,${signatureOf(secret, `${id}.${timestamp}.${body}`)}` }),
      }
      await postWebhook({ url, headers, body, mayBePrivate, clock, ...(timeoutMs !== undefined && { timeoutMs }) })
    },
  }
}

/** A secret that begins with `whsec_` is Base64 of the key, any other is the key. */
function signatureOf(secret: string, content: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret
  return createHmac('sha256', key).update(content).digest('base64')
}

function webhookBody({ told, board, subscription, text }: Notification): object {
  const [only, ...others] = told
  return {
    type: others.length === 0 ? only!.event.kind : 'digest',
    timestamp: new Date(told.at(-1)!.event.at).toISOString(),
    data: { board, subscription: subscription.id, text, events: told.map(eventJson) },
  }
}

function eventJson({ event, task }: ToldEvent): object {
  const { seq, kind, actor, at, payload } = event
  return {
    seq,
    kind,
    actor,
    at: new Date(at).toISOString(),
    ...(task && { task: { number: task.number, title: task.title, assignee: task.assignee } }),
    payload,
  }
}
