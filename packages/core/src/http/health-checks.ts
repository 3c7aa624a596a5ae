import type { Clock } from '../clock.ts'
import type { CheckReport } from '../contracts/health.ts'
import { messageOf } from '../errors.ts'
import { redactSecrets } from '../redact-secrets.ts'

/** Something that a service cannot do without, and how to see whether it works. */
export interface HealthCheck {
  readonly name: string
  /**
   * Resolves when it works, with a verdict when there is something to say; rejects when it does not. `signal` aborts at
   * the deadline.
   */
  readonly run: (signal: AbortSignal) => Promise<CheckVerdict | void>
  /** 2 s unless told otherwise. */
  readonly deadlineMs?: number
}

/** A check that works, but for how long? */
export interface CheckVerdict {
  readonly status: 'ok' | 'degraded'
  readonly detail?: string
}

const DEADLINE_MS = 2_000

/**
 * A function that runs all checks at once and reports each by its deadline. Callers at the same time share one run, and a
 * check that has not come back from the last one is not started again: what hangs must not pile up with every poll.
 */
export function createHealthChecks(checks: readonly HealthCheck[], { clock }: { readonly clock: Clock }): () => Promise<CheckReport[]> {
  const hangingSince = new Map<HealthCheck, number>()

  const report = async (check: HealthCheck): Promise<CheckReport> => {
    const { name, run, deadlineMs = DEADLINE_MS } = check
    const begin = clock.monotonic()
    const reportOf = (status: CheckReport['status'], detail: string | undefined): CheckReport => ({
      name,
      status,
      detail: detail === undefined ? null : redactSecrets(detail),
      ms: Math.round((clock.monotonic() - begin) * 10) / 10,
    })

    const since = hangingSince.get(check)
    if (since !== undefined) return reportOf('failed', `still has not answered after ${Math.round((begin - since) / 1_000)} s`)
    hangingSince.set(check, begin)
    const deadline = new AbortController()
    const settled = new AbortController()
    const answer = Promise.try(run, deadline.signal)
      .then(
        (verdict) => reportOf(verdict?.status ?? 'ok', verdict?.detail),
        (error: unknown) => reportOf('failed', messageOf(error)),
      )
      .finally(() => {
        hangingSince.delete(check)
        settled.abort()
      })
    const late = clock.delay(deadlineMs, settled.signal).then(
      () => {
        const report = reportOf('failed', `no answer within ${deadlineMs} ms`)
        deadline.abort(new Error(`The health check '${name}' took longer than ${deadlineMs} ms.`))
        return report
      },
      () => answer,
    )
    return Promise.race([answer, late])
  }

  let running: Promise<CheckReport[]> | undefined
  return () => {
    running ??= Promise.all(checks.map(report)).finally(() => (running = undefined))
    return running
  }
}
