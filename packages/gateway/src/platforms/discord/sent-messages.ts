import { createHash } from 'node:crypto'
import { RecentMap } from './recent-map.ts'

const KEPT = 500

/** What we sent lately, by the nonces that Discord gives back with each message of ours. */
export class SentMessages {
  readonly #byNonce = new RecentMap<string>(KEPT)
  readonly #ids = new RecentMap<true>(KEPT)

  /** Notes a message of ours that Discord showed us, or acknowledged. */
  saw({ id, nonce }: { readonly id: string; readonly nonce?: string | number }): void {
    this.#ids.set(id, true)
    if (nonce !== undefined) this.#byNonce.set(String(nonce), id)
  }

  /** The id that a message got which we sent with this nonce. */
  find(nonce: string): string | undefined {
    return this.#byNonce.get(nonce)
  }

  /** Whether a message is known to be the outcome of some request of ours. */
  has(id: string): boolean {
    return this.#ids.get(id) === true
  }
}

/** The nonce of an outbound message: at most 25 characters, by which Discord knows a second sending for a few minutes. */
export function nonceOf(outboundId: string): string {
  return createHash('sha256').update(outboundId).digest('base64url').slice(0, 25)
}
