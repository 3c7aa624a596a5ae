import { expect, test } from 'vitest'
import { registerCounter } from './counter.ts'
import { registerHistogram } from './histogram.ts'
import { createMetrics } from './registry.ts'

test('counters and histograms of a service stand under our prefix, by their labels', async () => {
  const metrics = createMetrics()
  const turns = registerCounter(metrics, { name: 'turns_total', help: 'Turns.', labels: ['reason'] })
  const seconds = registerHistogram(metrics, { name: 'turn_seconds', help: 'How long turns take.', buckets: [0.1, 1] })
  turns.inc({ reason: 'stop' })
  turns.inc({ reason: 'stop' })
  seconds.observe(0.5)
  const text = await metrics.metrics()
  expect(text).toContain('talaria_turns_total{reason="stop"} 2')
  expect(text).toContain('talaria_turn_seconds_bucket{le="0.1"} 0')
  expect(text).toContain('talaria_turn_seconds_bucket{le="1"} 1')
  expect(text).toContain('talaria_turn_seconds_count 1')
})

test('a name is registered once', () => {
  const metrics = createMetrics()
  registerCounter(metrics, { name: 'turns_total', help: 'Turns.' })
  expect(() => registerCounter(metrics, { name: 'turns_total', help: 'Turns.' })).toThrow('already been registered')
})
