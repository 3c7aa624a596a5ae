import { createHash } from 'node:crypto'
import { valueAt } from './json-path.ts'
import type { SignatureKind } from './verify-signature.ts'

interface Received {
  readonly headers: Headers
  readonly body: Uint8Array
  readonly payload: unknown
}

/**
 * The id by which a delivery is recognised when it comes again. It is one that the signature covers wherever there is one:
 * an id that stands in an unsigned header only could be changed by whoever replays a delivery, so for GitHub it is the
 * digest of the body, which a redelivery repeats.
 */
export function deliveryIdOf(kind: SignatureKind, received: Received): string {
  return usable(SIGNED_IDS[kind](received)) ?? digestOf(received)
}

const SIGNED_IDS: Readonly<Record<SignatureKind, (received: Received) => unknown>> = {
  github: () => undefined,
  gitlab: ({ headers }) => headers.get('idempotency-key') ?? headers.get('x-gitlab-event-uuid'),
  stripe: ({ payload }) => valueAt(payload, 'id'),
  svix: ({ headers }) => headers.get('svix-id') ?? headers.get('webhook-id'),
  generic: ({ headers }) => headers.get('x-request-id'),
}

/** What happened, as filters name it: `push`, `invoice.paid`; empty when nothing says so. */
export function eventOf(kind: SignatureKind, { headers, payload }: Omit<Received, 'body'>): string {
  const named = { github: 'x-github-event', gitlab: 'x-gitlab-event', stripe: '', svix: '', generic: 'x-webhook-event' }[kind]
  const candidates = [named === '' ? undefined : headers.get(named), valueAt(payload, 'event_type'), valueAt(payload, 'type'), valueAt(payload, 'event')]
  return candidates.find((value): value is string => typeof value === 'string') ?? ''
}

const usable = (id: unknown) => (typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined)

function digestOf({ headers, body }: Received): string {
  const time = headers.get('x-webhook-timestamp')
  return createHash('sha256')
    .update(time === null ? '' : `${time}.`)
    .update(body)
    .digest('hex')
}
