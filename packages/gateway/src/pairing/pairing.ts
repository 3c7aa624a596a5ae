import type { Clock, Log } from '@talaria/core'
import type { PairedUser, PairingRequest, PairingStore } from '@talaria/db'
import { createPairingCode, isPairingCode } from './pairing-code.ts'

const VALID_MS = 60 * 60_000

/** As the store has them, which decides; here they save the hash of a request that it would refuse. */
const REQUEST_EVERY_MS = 600_000
const MOST_PENDING = 3

export interface PairingOptions {
  readonly store: PairingStore
  readonly clock: Clock
  readonly log: Log
}

/** Somebody who would like to be known. */
export interface Stranger {
  readonly platform: string
  readonly userId: string
  readonly userName: string | undefined
}

/** What became of a code that an operator typed. */
export type Approval =
  | { readonly kind: 'approved'; readonly user: PairedUser }
  | { readonly kind: 'wrong_code' }
  | { readonly kind: 'locked'; readonly until: number }

/** Makes strangers known: they show a code to whoever runs the gateway, who types it. */
export class Pairing {
  readonly #options: PairingOptions
  #approving: Promise<unknown> = Promise.resolve()

  constructor(options: PairingOptions) {
    this.#options = options
  }

  isPaired(platform: string, userId: string): Promise<boolean> {
    return this.#options.store.isPaired(platform, userId)
  }

  /** The code to show to a stranger; `undefined` when they have one already, or too many wait on that platform. */
  async request({ platform, userId, userName }: Stranger): Promise<string | undefined> {
    const { store, clock } = this.#options
    // Asked first, because a hash costs a tenth of a second: a stranger who writes a thousand messages costs a thousand reads.
    const pending = await store.pending(platform)
    const mine = pending.find((request) => request.userId === userId)
    if (mine ? clock.now() - mine.requestedAt < REQUEST_EVERY_MS : pending.length >= MOST_PENDING) return undefined
    const { code, codeHash, salt } = await createPairingCode()
    const outcome = await store.request({ platform, userId, userName: userName ?? null, codeHash, salt, expiresAt: clock.now() + VALID_MS })
    return outcome === 'made' ? code : undefined
  }

  /** Makes whoever was shown this code known. After five wrong ones a platform takes none for an hour, not even the right one. */
  approve(platform: string, code: string): Promise<Approval> {
    // One after the other: all of a hundred at once would be tried before the first was counted.
    const approval = this.#approving.then(() => this.#approve(platform, code))
    this.#approving = approval.catch(() => {})
    return approval
  }

  /** Who waits to be approved. */
  pending(): Promise<readonly PairingRequest[]> {
    return this.#options.store.pending()
  }

  users(): Promise<readonly PairedUser[]> {
    return this.#options.store.users()
  }

  /** Makes somebody a stranger again; false when they were one. */
  revoke(platform: string, userId: string): Promise<boolean> {
    return this.#options.store.revoke(platform, userId)
  }

  async #approve(platform: string, code: string): Promise<Approval> {
    const { store, clock, log } = this.#options
    const lockedUntil = await store.lockedUntil(platform)
    if (lockedUntil > clock.now()) return { kind: 'locked', until: lockedUntil }
    const user = await store.approve(platform, (request) => isPairingCode(code, request))
    if (user) {
      log.info({ platform, user: user.userId }, 'a user was paired')
      return { kind: 'approved', user }
    }
    const until = await store.fail(platform)
    log.warn({ platform, locked: until > clock.now() }, 'a pairing code was wrong')
    return until > clock.now() ? { kind: 'locked', until } : { kind: 'wrong_code' }
  }
}
