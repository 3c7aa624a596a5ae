import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from './clock.ts'

/** How late the event loop was, in milliseconds over the last `windowMs`. */
export interface LoopDelay {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly windowMs: number
}

export interface EventLoopDelay extends Disposable {
  /** The delays since the window began. A window older than a minute ends with this reading, and the next begins. */
  read(): LoopDelay
}

const RESOLUTION_MS = 20
const WINDOW_MS = 60_000

/**
 * Starts measuring how late a timer of 20 ms fires, natively and without keeping the process alive. Synchronous work
 * shows here before users complain of it. Readers share the window, so that one that polls often does not blind another.
 */
export function startEventLoopDelay({ clock }: { readonly clock: Clock }): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let since = clock.monotonic()
  // The histogram holds the time between two firings, so that an idle loop shows the resolution, and 511 ns before the first.
  const delay = (nanoseconds: number) => Math.max(0, Math.round(nanoseconds / 1e3 - RESOLUTION_MS * 1e3) / 1e3)
  return {
    read() {
      const windowMs = clock.monotonic() - since
      const reading = { p50Ms: delay(histogram.percentile(50)), p99Ms: delay(histogram.percentile(99)), maxMs: delay(histogram.max), windowMs }
      if (windowMs >= WINDOW_MS) {
        histogram.reset()
        since = clock.monotonic()
      }
      return reading
    },
    [Symbol.dispose]() {
      histogram.disable()
    },
  }
}
