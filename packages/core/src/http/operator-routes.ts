import { Hono, type Context } from 'hono'
import type { Clock } from '../clock.ts'
import type { DescriptorReport } from '../contracts/descriptors.ts'
import type { HandleReport, HandlesReport } from '../contracts/handles.ts'
import type { CheckReport, DeepHealth, Health } from '../contracts/health.ts'
import type { DescriptorBudget } from '../descriptors/descriptor-budget.ts'
import type { EventLoopDelay } from '../event-loop-delay.ts'
import { createHealthChecks, type HealthCheck } from './health-checks.ts'

export interface OperatorRoutesOptions {
  readonly service: string
  readonly version: string
  readonly isDraining: () => boolean
  /** Says no to whoever may not see the inside of this service, with the answer to send; `/health` is open to all. */
  readonly authorize: (c: Context) => Response | undefined | Promise<Response | undefined>
  readonly checks: readonly HealthCheck[]
  readonly budget: DescriptorBudget
  readonly eventLoopDelay: EventLoopDelay
  /** The registry of prom-client, by the two things needed of it: this module does not load the library. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> }
  readonly handles: () => OpenHandles
  readonly clock: Clock
}

/** The databases that a process holds open, and how many descriptors they should have. */
export interface OpenHandles {
  readonly handles: readonly HandleReport[]
  readonly expectedDatabaseDescriptors: number
}

/**
 * What every service offers whoever operates it: `/health`, which is open and costs nothing; `/health/deep`, which tries
 * what the service needs and answers 503 when that fails; `/metrics` for Prometheus; and `/handles`, which says which
 * component holds each database (I-5).
 */
export function operatorRoutes(options: OperatorRoutesOptions): Hono {
  const { service, version, isDraining, authorize, budget, eventLoopDelay, metrics, clock } = options
  const runChecks = createHealthChecks(options.checks, { clock })
  const ok = bodyOf({ status: 'ok', service, version })
  const draining = bodyOf({ status: 'draining', service, version })

  const app = new Hono()
  // Not c.json: what never changes need not be made anew thousands of times a second.
  app.get('/health', () => new Response(isDraining() ? draining : ok, HEALTH_INIT))

  for (const path of ['/health/deep', '/metrics', '/handles']) {
    app.use(path, async (c, next) => {
      const refusal = await authorize(c)
      if (refusal) return refusal
      await next()
      c.header('Cache-Control', 'no-store')
    })
  }

  app.get('/health/deep', async (c) => {
    const [reports, descriptors] = await Promise.all([runChecks(), descriptorReportOf(budget)])
    const checks = [...reports, checkOf(descriptors)]
    const status = worstOf(checks)
    const health: DeepHealth = { status, service, version, checks, descriptors, eventLoopDelay: eventLoopDelay.read() }
    return c.json(health, status === 'failed' ? 503 : 200)
  })

  app.get('/metrics', async (c) => c.body(await metrics.metrics(), 200, { 'Content-Type': metrics.contentType }))

  app.get('/handles', async (c) => {
    const { handles, expectedDatabaseDescriptors } = options.handles()
    const descriptors = await descriptorReportOf(budget)
    const report: HandlesReport = { service, version, pid: process.pid, handles: [...handles], expectedDatabaseDescriptors, descriptors }
    return c.json(report)
  })
  return app
}

const HEALTH_INIT = { headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' } }

const bodyOf = (health: Health) => JSON.stringify(health)

async function descriptorReportOf(budget: DescriptorBudget): Promise<DescriptorReport> {
  const level = budget.sample()
  const { used, limit } = budget
  return { level, used: used ?? null, limit: limit !== undefined && Number.isFinite(limit) ? limit : null, classes: (await budget.use())?.classes ?? null }
}

/** A service that refuses new work for want of descriptors is not usable, however well the rest of it does. */
function checkOf({ level, used, limit }: DescriptorReport): CheckReport {
  const status = ({ ok: 'ok', warn: 'degraded', shed: 'failed' } as const)[level]
  return { name: 'descriptors', status, detail: used === null ? null : `${used} of ${limit ?? 'any number'} in use`, ms: 0 }
}

function worstOf(checks: readonly CheckReport[]): CheckReport['status'] {
  return (['failed', 'degraded'] as const).find((status) => checks.some((check) => check.status === status)) ?? 'ok'
}
