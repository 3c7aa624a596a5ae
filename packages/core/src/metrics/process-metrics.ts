import type { DescriptorBudget } from '../descriptors/descriptor-budget.ts'
import type { EventLoopDelay } from '../event-loop-delay.ts'
import { registerGauges } from './gauges.ts'
import type { Metrics } from './registry.ts'

export interface ProcessMetricsOptions {
  readonly service: string
  readonly version: string
  readonly budget: DescriptorBudget
  readonly eventLoopDelay: EventLoopDelay
}

/**
 * Adds what is worth knowing of any process: descriptors by class with their limit (I-5), how late the event loop is,
 * memory, processor time, uptime and version.
 */
export function registerProcessMetrics(metrics: Metrics, { service, version, budget, eventLoopDelay }: ProcessMetricsOptions): void {
  registerGauges(metrics, {
    name: 'build_info',
    help: 'Always 1; says which version of which service runs.',
    labels: ['service', 'version'],
    collect: () => [{ value: 1, labels: { service, version } }],
  })
  registerGauges(metrics, {
    name: 'descriptors_open',
    help: 'Open descriptors by class.',
    labels: ['class'],
    async collect() {
      const use = await budget.use()
      return Object.entries(use?.classes ?? {}).map(([name, value]) => ({ value, labels: { class: name } }))
    },
  })
  registerGauges(metrics, {
    name: 'descriptors_limit',
    help: 'The soft limit on open descriptors.',
    collect: () => (budget.limit === undefined ? [] : [{ value: budget.limit }]),
  })
  registerGauges(metrics, {
    name: 'descriptors_level',
    help: '0 ok, 1 warn (from 70 % of the limit), 2 new work is refused (from 85 %).',
    collect: () => [{ value: ['ok', 'warn', 'shed'].indexOf(budget.level) }],
  })
  registerGauges(metrics, {
    name: 'event_loop_delay_seconds',
    help: 'How late the event loop was within the last minute.',
    labels: ['quantile'],
    collect() {
      const { p50Ms, p99Ms, maxMs } = eventLoopDelay.read()
      return Object.entries({ '0.5': p50Ms, '0.99': p99Ms, '1': maxMs }).map(([quantile, ms]) => ({ value: ms / 1_000, labels: { quantile } }))
    },
  })
  registerGauges(metrics, {
    name: 'memory_bytes',
    help: 'Memory of the process by kind.',
    labels: ['kind'],
    collect() {
      const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
      return Object.entries({ rss, heap_total: heapTotal, heap_used: heapUsed, external }).map(([kind, value]) => ({ value, labels: { kind } }))
    },
  })
  registerGauges(metrics, {
    name: 'cpu_seconds',
    help: 'Processor time used since the start.',
    labels: ['mode'],
    collect() {
      const { user, system } = process.cpuUsage()
      return Object.entries({ user, system }).map(([mode, microseconds]) => ({ value: microseconds / 1e6, labels: { mode } }))
    },
  })
  registerGauges(metrics, { name: 'uptime_seconds', help: 'Since the process started.', collect: () => [{ value: process.uptime() }] })
}
