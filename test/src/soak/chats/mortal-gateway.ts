import { temporaryHome } from '@talaria/db/testing'
import { startGateway, type Gateway } from '../../testing/gateway.ts'
import type { ChatPeer } from './chat-peer.ts'

const KEY = 'a-key-that-outlives-the-process-0123456789'

/** So that what is kept shows soon, instead of after the minutes for which a heap that may grow is not cleaned; reading all platforms from source needs 100 MB. */
const SMALL_HEAP = '--max-old-space-size=192 --max-semi-space-size=4'

const LAST_WORDS = 4_000

/** A gateway on all platforms that is killed and comes back in the same home. */
export class MortalGateway implements AsyncDisposable {
  readonly #peers: readonly ChatPeer[]
  readonly #home = temporaryHome()
  #now: Gateway | undefined

  constructor(peers: readonly ChatPeer[]) {
    this.#peers = peers
  }

  /** The one that lives. */
  get now(): Gateway {
    return this.#now!
  }

  get home(): string {
    return this.#home.path
  }

  /** Starts one, after the death of the one before. */
  async start(): Promise<void> {
    const platforms = Object.assign({}, ...this.#peers.map(({ env }) => env)) as Record<string, string>
    this.#now = await startGateway({ home: this.home, key: KEY, env: { ...platforms, NODE_OPTIONS: SMALL_HEAP } })
    for (const peer of this.#peers) peer.reach?.(this.#now.url)
  }

  /** The end of what it has logged. */
  get lastWords(): string {
    return this.#now?.process.stderr.slice(-LAST_WORDS) ?? ''
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.now.process.stop('SIGKILL')
    await this.now[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#now?.[Symbol.asyncDispose]()
    this.#home[Symbol.dispose]()
  }
}
