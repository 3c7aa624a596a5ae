import type { ConnectContext } from '../definition.ts'
import { deliveryIdOf, eventOf } from './delivery.ts'
import { valueAt } from './json-path.ts'
import { parsePayload } from './parse-payload.ts'
import type { RateLimit } from './rate-limit.ts'
import { readBody } from '../read-body.ts'
import { renderPrompt } from './render-prompt.ts'
import { isSignatureValid } from './verify-signature.ts'
import type { WebhookRoute } from './webhook-route.ts'

const MAX_BYTES = 1024 * 1024

export interface WebhookReceiverOptions {
  readonly account: string
  readonly routes: Readonly<Record<string, WebhookRoute>>
  /** For routes without a secret of their own. */
  readonly secret: string | undefined
  readonly rate: RateLimit
  readonly context: Pick<ConnectContext, 'receive' | 'clock' | 'log'>
}

/** Answers `POST …/<route>`: refuses what is not signed, and has taken a delivery in, durably, before it says so. */
export function createWebhookReceiver(options: WebhookReceiverOptions): (request: Request) => Promise<Response> {
  const { account, routes, rate, context } = options

  return async (request) => {
    const name = new URL(request.url).pathname.split('/').at(-1) ?? ''
    const route = Object.hasOwn(routes, name) ? routes[name] : undefined
    if (!route) return answer(404, { error: 'There is no such route.' })
    if (request.method !== 'POST') return answer(405, { error: 'Webhooks are delivered by POST.' }, { allow: 'POST' })
    if (!route.enabled) return answer(403, { error: 'The route is disabled.' })

    const { headers } = request
    const body = await readBody(request, MAX_BYTES)
    if (!body) return answer(413, { error: `A delivery has at most ${MAX_BYTES} bytes.` })
    const secret = route.secret ?? options.secret
    const toleranceMs = route.tolerance_seconds * 1_000
    if (!secret || !isSignatureValid(route.signature, { headers, body, secret, nowMs: context.clock.now(), toleranceMs })) {
      context.log.warn({ route: name, bytes: body.byteLength }, 'a webhook without a valid signature was refused')
      return answer(401, { error: 'The signature is missing, wrong or too old.' })
    }
    // After the signature, so that nobody without the secret can use up what the sender may.
    const waitMs = rate.take(name)
    if (waitMs > 0) return answer(429, { error: 'Too many deliveries at this route.' }, { 'retry-after': String(Math.ceil(waitMs / 1_000)) })

    let payload: unknown
    try {
      payload = parsePayload(body, headers.get('content-type'))
    } catch {
      return answer(400, { error: 'The body is neither JSON nor a form.' })
    }
    const event = eventOf(route.signature, { headers, payload })
    if (!isWanted(route, event, payload)) return answer(200, { status: 'ignored' })

    const delivery = deliveryIdOf(route.signature, { headers, body, payload })
    const reception = await context.receive({
      address: { platform: 'webhook', account, chatId: name, threadId: delivery },
      kind: 'thread',
      chatName: name,
      messageId: delivery,
      sender: { id: name, name, isBot: true },
      text: asPrompt(renderPrompt(route.prompt, { event, payload }), name),
      attachments: [],
      mentionsUs: true,
      sentAt: context.clock.now(),
      isVouchedFor: true,
      delivery: { to: route.deliver, ...(route.deliver_only && { isDirect: true }) },
    })
    if (reception === 'duplicate') return answer(200, { status: 'duplicate', delivery_id: delivery })
    if (reception === 'accepted') return answer(202, { status: 'accepted', delivery_id: delivery })
    return answer(200, { status: 'ignored' })
  }
}

function isWanted({ events, filters }: WebhookRoute, event: string, payload: unknown): boolean {
  const action = valueAt(payload, 'action')
  if (events.length > 0 && !events.includes(event) && !events.includes(`${event}.${String(action)}`)) return false
  return Object.entries(filters).every(([path, values]) => {
    const value = valueAt(payload, path)
    return value !== undefined && values.includes(typeof value === 'string' ? value : JSON.stringify(value))
  })
}

/** Whoever can write an issue must not be able to give the gateway a command: what they wrote is never at the beginning. */
const asPrompt = (text: string, route: string) => (/^\s*[/!]/.test(text) ? `${route}: ${text.trimStart()}` : text)

function answer(status: number, body: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(body, { status, headers })
}
