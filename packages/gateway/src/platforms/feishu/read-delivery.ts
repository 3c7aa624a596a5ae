import { hash } from 'node:crypto'
import { AESCipher } from '@larksuiteoapi/node-sdk'
import { secretsEqual } from '@talaria/core'
import { z } from 'zod'

/** Shorter than messages are remembered, so that one that is delivered again is always known. */
const MAX_AGE_MS = 12 * 3_600_000

/** What a delivery turned out to be. */
export type Delivery =
  | { readonly kind: 'challenge'; readonly challenge: string }
  | { readonly kind: 'event'; readonly type: string; readonly event: unknown }
  | { readonly kind: 'forged' }
  | { readonly kind: 'unreadable' }

export interface DeliverySecrets {
  readonly encryptKey: string | undefined
  readonly verificationToken: string | undefined
  readonly now: number
}

const payload = z.object({
  type: z.string().optional(),
  challenge: z.string().optional(),
  token: z.string().optional(),
  header: z.object({ event_type: z.string(), token: z.string().optional() }).optional(),
  event: z.unknown().optional(),
})

/**
 * Opens and verifies a delivery. With an encrypt key it must be encrypted, and an event signed (SHA-256 over time, nonce,
 * key and the body as it came); with a verification token it must hold that.
 */
export function readDelivery(body: string, headers: Headers, { encryptKey, verificationToken, now }: DeliverySecrets): Delivery {
  const opened = open(body, encryptKey)
  if (opened === undefined) return { kind: encryptKey === undefined ? 'unreadable' : 'forged' }
  const parsed = payload.safeParse(opened)
  if (!parsed.success) return { kind: 'unreadable' }
  const { type, challenge, header, event } = parsed.data
  if (verificationToken !== undefined && !secretsEqual(parsed.data.token ?? header?.token ?? '', verificationToken)) return { kind: 'forged' }
  // Feishu signs none of these; who wrote it knew the key or the token all the same.
  if (type === 'url_verification') return challenge === undefined ? { kind: 'unreadable' } : { kind: 'challenge', challenge }
  if (encryptKey !== undefined && !isSigned(body, headers, { encryptKey, now })) return { kind: 'forged' }
  return header ? { kind: 'event', type: header.event_type, event } : { kind: 'unreadable' }
}

function open(body: string, encryptKey: string | undefined): unknown {
  try {
    const outer = JSON.parse(body) as { encrypt?: unknown } | null
    if (encryptKey === undefined) return outer
    return typeof outer?.encrypt === 'string' ? (JSON.parse(new AESCipher(encryptKey).decrypt(outer.encrypt)) as unknown) : undefined
  } catch {
    return undefined
  }
}

function isSigned(body: string, headers: Headers, { encryptKey, now }: { readonly encryptKey: string; readonly now: number }): boolean {
  const timestamp = headers.get('x-lark-request-timestamp') ?? ''
  const nonce = headers.get('x-lark-request-nonce') ?? ''
  const isRecent = Math.abs(now - Number(timestamp) * 1_000) < MAX_AGE_MS
  return isRecent && secretsEqual(headers.get('x-lark-signature') ?? '', hash('sha256', timestamp + nonce + encryptKey + body))
}
