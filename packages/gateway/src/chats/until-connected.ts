import type { Clock } from '@talaria/core'
import type { Platform } from '../platforms/platform.ts'

const LOOK_MS = 250

/** Platforms connect after a start while what an earlier gateway left waiting is being answered already. */
const PATIENCE_MS = 60_000

/** The platform once it is connected; `undefined` when it is not within a minute, or `signal` aborts. */
export async function untilConnected(
  connected: () => Platform | undefined,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Platform | undefined> {
  const deadline = clock.monotonic() + PATIENCE_MS
  while (!connected() && clock.monotonic() < deadline && !signal.aborted) await clock.delay(LOOK_MS, signal).catch(() => {})
  return connected()
}
