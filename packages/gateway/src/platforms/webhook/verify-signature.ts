import { createHmac } from 'node:crypto'
import { secretsEqual } from '@talaria/core'

/** How a sender proves that a delivery is its own. */
export type SignatureKind = 'github' | 'gitlab' | 'stripe' | 'svix' | 'generic'

export interface Signed {
  readonly headers: Headers
  /** As it came in: a body that was parsed and written again has another signature. */
  readonly body: Uint8Array
  readonly secret: string
  readonly nowMs: number
  readonly toleranceMs: number
}

/** Whether the signature of a delivery is right and, where its time is signed too, of now. Comparisons take the same time wherever they differ. */
export function isSignatureValid(kind: SignatureKind, signed: Signed): boolean {
  return VERIFIERS[kind](signed)
}

const VERIFIERS: Readonly<Record<SignatureKind, (signed: Signed) => boolean>> = {
  /** @see https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries */
  github: ({ headers, body, secret }) => isEqual(headers.get('x-hub-signature-256'), `sha256=${hmac(secret, body, 'hex')}`),

  /** Not a signature: GitLab sends the secret itself. */
  gitlab: ({ headers, secret }) => isEqual(headers.get('x-gitlab-token'), secret),

  /** @see https://docs.stripe.com/webhooks#verify-manually */
  stripe(signed) {
    const parts = (signed.headers.get('stripe-signature') ?? '').split(',').map((part) => part.trim().split('=', 2))
    const time = parts.find(([name]) => name === 't')?.[1]
    if (!isRecent(time, signed)) return false
    const expected = hmac(signed.secret, [`${time}.`, signed.body], 'hex')
    return anyEqual(
      parts.flatMap(([name, value]) => (name === 'v1' && value ? [value] : [])),
      expected,
    )
  },

  /** @see https://docs.svix.com/receiving/verifying-payloads/how-manual, also https://www.standardwebhooks.com */
  svix(signed) {
    const header = (name: string) => signed.headers.get(`svix-${name}`) ?? signed.headers.get(`webhook-${name}`)
    const [id, time] = [header('id'), header('timestamp')]
    if (!id || !isRecent(time, signed)) return false
    const key = signed.secret.startsWith('whsec_') ? Buffer.from(signed.secret.slice('whsec_'.length), 'base64') : signed.secret
    const expected = hmac(key, [`${id}.${time}.`, signed.body], 'base64')
    const given = (header('signature') ?? '').split(' ').flatMap((part) => (part.startsWith('v1,') ? [part.slice('v1,'.length)] : []))
    return anyEqual(given, expected)
  },

  /** Of time and body where the sender says a time; else of the body alone. */
  generic(signed) {
    const { headers, body, secret } = signed
    const time = headers.get('x-webhook-timestamp')
    const second = headers.get('x-webhook-signature-v2')
    if (time !== null || second !== null) {
      const given = second ?? headers.get('x-webhook-signature')
      return isRecent(time, signed) && isEqual(bare(given), hmac(secret, [`${time}.`, body], 'hex'))
    }
    return isEqual(bare(headers.get('x-webhook-signature')), hmac(secret, body, 'hex'))
  },
}

function hmac(key: string | Uint8Array, data: Uint8Array | readonly (string | Uint8Array)[], encoding: 'hex' | 'base64'): string {
  const digest = createHmac('sha256', key)
  for (const part of data instanceof Uint8Array ? [data] : data) digest.update(part)
  return digest.digest(encoding)
}

function isEqual(given: string | null | undefined, expected: string): boolean {
  return given !== null && given !== undefined && secretsEqual(given, expected)
}

/** Compares all: a sender that changes its secret signs with both for a while. */
function anyEqual(given: readonly string[], expected: string): boolean {
  return given.slice(0, 10).filter((one) => secretsEqual(one, expected)).length > 0
}

function isRecent(seconds: string | null | undefined, { nowMs, toleranceMs }: Signed): boolean {
  return typeof seconds === 'string' && /^\d{1,12}$/.test(seconds) && Math.abs(nowMs - Number(seconds) * 1_000) <= toleranceMs
}

const bare = (signature: string | null) => signature?.replace(/^sha256=/, '').toLowerCase()
