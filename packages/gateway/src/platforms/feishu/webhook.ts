import type { Clock, Log } from '@talaria/core'
import { readBody } from '../read-body.ts'
import type { EventIntake } from './event-intake.ts'
import { readDelivery } from './read-delivery.ts'

const MAX_BYTES = 1_000_000

export interface WebhookOptions {
  readonly encryptKey: string | undefined
  readonly verificationToken: string | undefined
  readonly take: EventIntake
  readonly clock: Clock
  readonly log: Log
}

/** Answers Feishu's deliveries: 200 once the message is on disk, 500 when Feishu is to send it again. */
export function createWebhook({ encryptKey, verificationToken, take, clock, log }: WebhookOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'POST') return new Response(null, { status: 405, headers: { Allow: 'POST' } })
    const body = await readBody(request, MAX_BYTES)
    if (body === undefined) return new Response(null, { status: 413 })
    const delivery = readDelivery(body.toString(), request.headers, { encryptKey, verificationToken, now: clock.now() })
    if (delivery.kind === 'challenge') return Response.json({ challenge: delivery.challenge })
    if (delivery.kind === 'unreadable') return new Response(null, { status: 400 })
    if (delivery.kind === 'forged') {
      log.warn('A request to the webhook of Feishu could not prove that it came from there and was refused.')
      return new Response(null, { status: 401 })
    }
    if (delivery.type !== 'im.message.receive_v1') return Response.json({})
    try {
      await take(delivery.event)
      return Response.json({})
    } catch (error) {
      log.error({ err: error }, 'A message from Feishu could not be written down; Feishu will send it again.')
      return new Response(null, { status: 500 })
    }
  }
}
