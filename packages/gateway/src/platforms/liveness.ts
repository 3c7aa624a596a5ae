import { startLoop, type Clock, type Log, type Loop } from '@talaria/core'
import type { Platform } from './platform.ts'
import type { PlatformError } from './platform-error.ts'
import { platformErrorOf } from './platform-error-of.ts'
import { withDeadline } from './with-deadline.ts'

const PROBE_EVERY_MS = 30_000
const PROBE_MS = 10_000
const FAILURES_IN_A_ROW = 2

export interface LivenessOptions {
  readonly clock: Clock
  readonly log: Log
  /** Called once the service has failed to answer twice in a row. */
  readonly onLost: (error: PlatformError) => void
}

/** Asks the service every 30 s whether we are connected: a socket that is open proves nothing. */
export function startLiveness(platform: Platform, { clock, log, onLost }: LivenessOptions): Loop {
  let failures = 0
  return startLoop({
    name: 'liveness',
    everyMs: PROBE_EVERY_MS,
    firstAfterMs: PROBE_EVERY_MS,
    clock,
    log,
    async step(signal) {
      try {
        await withDeadline(PROBE_MS, { clock, what: 'The probe', signal }, (deadline) => platform.probe(deadline))
        failures = 0
      } catch (thrown) {
        const error = platformErrorOf(thrown)
        // A service that tells us to slow down is there.
        if (signal.aborted || error.code === 'rate_limited') return
        failures += 1
        log.warn({ err: error, failures }, 'A platform did not answer its probe.')
        if (failures >= FAILURES_IN_A_ROW) onLost(error)
      }
    },
  })
}
