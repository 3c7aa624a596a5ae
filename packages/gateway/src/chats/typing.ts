import { startLoop, type Clock, type Log } from '@talaria/core'
import type { Platform } from '../platforms/platform.ts'
import type { ChatAddress } from './chat-address.ts'

/** Platforms show it for five seconds or more. */
const EVERY_MS = 4_000

/** An answer that comes at once needs no announcement. */
const FIRST_AFTER_MS = 500

/** Shows in a chat that an answer is being written, until it is disposed. That it cannot be shown is nothing to anybody. */
export function startTyping(options: {
  readonly connected: () => Platform | undefined
  readonly address: ChatAddress
  readonly clock: Clock
  readonly log: Log
}): AsyncDisposable {
  const { connected, address, clock, log } = options
  return startLoop({
    name: 'typing',
    everyMs: EVERY_MS,
    firstAfterMs: FIRST_AFTER_MS,
    clock,
    log,
    async step(signal) {
      await connected()
        ?.typing?.(address, signal)
        .catch(() => {})
    },
  })
}
