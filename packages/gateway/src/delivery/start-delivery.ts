import type { Clock, Log } from '@talaria/core'
import type { GatewayStores } from '@talaria/db'
import type { Platform } from '../platforms/platform.ts'
import { Dispatcher } from './dispatcher.ts'

/** Commits are looked at this often at most: under load there are thousands a second. */
const BREATH_MS = 5

export interface DeliveryOptions {
  /** Names of the platforms that messages may go to. */
  readonly platforms: readonly string[]
  readonly stores: Pick<GatewayStores, 'outbound' | 'chats' | 'turns'>
  readonly runner: { readonly id: string }
  readonly connected: (platform: string) => Platform | undefined
  readonly clock: Clock
  readonly log: Log
}

/**
 * Empties the outbox: one dispatcher a platform, so that one that hangs or floods holds up no other. Woken by every
 * commit, of this process or another; while a platform is down its rows wait. Disposing waits for what has left.
 */
export function startDelivery({ platforms, connected, ...options }: DeliveryOptions): AsyncDisposable {
  const stop = new AbortController()
  const dispatchers = platforms.map((platform) => new Dispatcher({ ...options, platform, connected: () => connected(platform) }))
  const following = follow(options, stop.signal, () => {
    for (const dispatcher of dispatchers) dispatcher.wake()
  })
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await following
      await Promise.all(dispatchers.map((dispatcher) => dispatcher[Symbol.asyncDispose]()))
    },
  }
}

async function follow({ stores, clock, log }: Pick<DeliveryOptions, 'stores' | 'clock' | 'log'>, signal: AbortSignal, wake: () => void): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const _ of stores.turns.changes(signal)) {
        wake()
        await clock.delay(BREATH_MS, signal).catch(() => {})
      }
    } catch (error) {
      // The dispatchers look every second by themselves.
      log.error({ err: error }, 'changes of the outbox could not be followed; trying again')
      await clock.delay(1_000, signal).catch(() => {})
    }
  }
}
