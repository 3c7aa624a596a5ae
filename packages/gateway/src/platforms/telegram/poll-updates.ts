import type { Api } from 'grammy'
import type { ConnectContext } from '../definition.ts'
import type { PlatformError } from '../platform-error.ts'
import type { BotIdentity } from './addressed-text.ts'
import { takeUpdates } from './take-updates.ts'
import { callTelegram } from './telegram-error.ts'

/** How long Telegram holds a request open while there is nothing to say. */
const POLL_SECONDS = 25
/** How long {@link pollUpdates} lets one request take: what Telegram waits, and as much again for the network. */
export const POLL_TIMEOUT_SECONDS = 2 * POLL_SECONDS
const RETRY_MS = 1_000

/** What we ask for; edits are none of it. */
export const ALLOWED_UPDATES = ['message', 'channel_post'] as const

export interface PollOptions extends Pick<ConnectContext, 'receive' | 'lost' | 'degraded' | 'clock' | 'log'> {
  readonly api: Api
  readonly bot: BotIdentity
  readonly signal: AbortSignal
}

/**
 * Asks for updates until the signal aborts, or until asking fails: then the connection is lost. Asking from an offset on
 * tells Telegram to forget all before it, so it moves only past what is on disk.
 */
export async function pollUpdates(options: PollOptions): Promise<void> {
  const { api, signal, lost, degraded, clock, log } = options
  let offset = 0
  while (!signal.aborted) {
    const ask = { offset, timeout: POLL_SECONDS, allowed_updates: ALLOWED_UPDATES }
    const updates = await callTelegram({ isRepeatable: true, signal }, (abort) => api.getUpdates(ask, abort)).catch((error: PlatformError) => error)
    if (signal.aborted) return
    if (!Array.isArray(updates)) {
      if (updates.code !== 'rate_limited') return lost(updates)
      await pause(updates)
      continue
    }
    const failed = await takeUpdates(updates, options)
    offset = failed?.updateId ?? (updates.at(-1)?.update_id ?? offset - 1) + 1
    degraded(failed?.error.message)
    if (failed) log.error({ err: failed.error }, 'Messages from Telegram could not be written down; asking for them again.')
    if (failed) await pause(failed.error)
  }

  async function pause({ retryAfterMs = RETRY_MS }: PlatformError): Promise<void> {
    await clock.delay(retryAfterMs, signal).catch(() => {})
  }
}
