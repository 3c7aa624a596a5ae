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

type Outcome = { readonly status: CheckReport['status']; readonly detail?: string }

/**
 * A function that runs all checks at once and reports each by its deadline. Callers at the same time share one run, and a
 * check that has not come back from the last one is not started again: what hangs must not pile up with every poll.
 */
export function createHealthChecks(checks: readonly HealthCheck[], { clock }: { readonly clock: Clock }): () => Promise<CheckReport[]> {
  const startedAt = new Map<HealthCheck, number>()

  const outcomeOf = async (check: HealthCheck): Promise<Outcome> => {
    const begin = clock.monotonic()
    const stuckSince = startedAt.get(check)
    if (stuckSince !== undefined) return { status: 'failed', detail: `still has not answered after ${Math.round((begin - stuckSince) / 1_000)} s` }
    startedAt.set(check, begin)
    const { deadlineMs = DEADLINE_MS } = check
    const deadline = new AbortController()
    const settled = new AbortController()
    const answer = attempt(check, deadline.signal).finally(() => {
      startedAt.delete(check)
      settled.abort()
    })
    const late = clock.delay(deadlineMs, settled.signal).then(
      (): Outcome => {
        deadline.abort()
        return { status: 'failed', detail: `no answer within ${deadlineMs} ms` }
      },
      () => answer,
    )
    return Promise.race([answer, late])
  }

  const report = async (check: HealthCheck): Promise<CheckReport> => {
    const begin = clock.monotonic()
    const { status, detail } = await outcomeOf(check)
    const ms = Math.round((clock.monotonic() - begin) * 10) / 10
    return { name: check.name, status, detail: detail === undefined ? null : redactSecrets(detail), ms }
  }

  let running: Promise<CheckReport[]> | undefined
  return () => {
    running ??= Promise.all(checks.map(report)).finally(() => (running = undefined))
    return running
  }
}

async function attempt(check: HealthCheck, signal: AbortSignal): Promise<Outcome> {
  try {
    return (await check.run(signal)) ?? { status: 'ok' }
  } catch (error) {
    return { status: 'failed', detail: messageOf(error) }
  }
}
