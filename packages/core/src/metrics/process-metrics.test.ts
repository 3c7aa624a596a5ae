import { expect, test } from 'vitest'
import { startDescriptorBudget } from '../descriptors/descriptor-budget.ts'
import { startEventLoopDelay } from '../event-loop-delay.ts'
import { silentLog } from '../log.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { registerProcessMetrics } from './process-metrics.ts'
import { createMetrics } from './registry.ts'

test('a scrape tells version, descriptors with their limit, event-loop delay, memory, processor time and uptime', async () => {
  const clock = new FakeClock()
  await using budget = startDescriptorBudget({ clock, log: silentLog, isDatabase: () => false, limit: 100_000 })
  using eventLoopDelay = startEventLoopDelay({ clock })
  const metrics = createMetrics()
  registerProcessMetrics(metrics, { service: 'gateway', version: '1.2.3', budget, eventLoopDelay })

  const values = new Map<string, number>()
  for (const line of (await metrics.metrics()).split('\n')) {
    const [, name, value] = /^(talaria_[^ ]+) (\S+)$/.exec(line) ?? []
    if (name !== undefined) values.set(name, Number(value))
  }
  expect(values.get('talaria_build_info{service="gateway",version="1.2.3"}')).toBe(1)
  expect(values.get('talaria_descriptors_limit')).toBe(100_000)
  expect(values.get('talaria_descriptors_level')).toBe(0)
  expect(values.get('talaria_event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0)
  expect(values.get('talaria_memory_bytes{kind="rss"}')).toBeGreaterThan(10_000_000)
  expect(values.get('talaria_cpu_seconds{mode="user"}')).toBeGreaterThan(0)
  expect(values.get('talaria_uptime_seconds')).toBeGreaterThan(0)
  const classes = ['database', 'socket', 'pipe', 'file', 'other'].map((name) => values.has(`talaria_descriptors_open{class="${name}"}`))
  expect(classes).toEqual(Array.from({ length: 5 }, () => process.platform === 'linux'))
})
