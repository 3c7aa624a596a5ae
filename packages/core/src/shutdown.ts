import { systemClock, type Clock } from './clock.ts'
import type { Log } from './log.ts'

/** Service managers, terminals and closed terminals, in this order, ask a process to end by these. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** The wish of whoever runs this process that it ends. */
export interface Shutdown extends Disposable {
  /** Aborts with the first signal. */
  readonly signal: AbortSignal
  /** Resolves with the first signal, so that `main` can wait for it beside `service.finished`. */
  readonly requested: Promise<NodeJS.Signals>
}

export interface ShutdownOptions {
  readonly log: Log
  /** How long a drain may take before the process exits with 1 whatever still holds it up; for ever unless given. */
  readonly deadlineMs?: number
  /** What SIGHUP means instead of a wish that the process ends; for one that no terminal belongs to. */
  readonly onHangUp?: () => void
  readonly clock?: Clock
}

/**
 * Listens for SIGTERM, SIGINT and SIGHUP. The first one is a request to drain; the second exits with code 1 at once, for
 * a drain that takes too long, and so does the deadline. Disposing removes the listeners: from then on a signal does what
 * it does by default.
 */
export function listenForShutdown({ log, deadlineMs, onHangUp, clock = systemClock }: ShutdownOptions): Shutdown {
  const stop = new AbortController()
  const disposed = new AbortController()
  const { promise: requested, resolve } = Promise.withResolvers<NodeJS.Signals>()
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) {
      log.warn({ signal }, `A second signal, ${signal}: exiting at once.`)
      process.exit(1)
    }
    log.info({ signal }, `${signal}: shutting down. A second signal exits at once.`)
    stop.abort()
    resolve(signal)
    if (deadlineMs !== undefined) void exitAfter(deadlineMs)
  }
  const exitAfter = async (ms: number) => {
    await clock.delay(ms, disposed.signal).catch(() => {})
    if (disposed.signal.aborted) return
    log.error({ deadlineMs: ms }, 'The shutdown has taken too long: exiting now. What was not settled is settled at the next start.')
    process.exit(1)
  }
  const handlers = SIGNALS.map((signal) => [signal, signal === 'SIGHUP' && onHangUp ? onHangUp : onSignal] as const)
  for (const [signal, handler] of handlers) process.on(signal, handler)
  return {
    signal: stop.signal,
    requested,
    [Symbol.dispose]() {
      disposed.abort()
      for (const [signal, handler] of handlers) process.off(signal, handler)
    },
  }
}
