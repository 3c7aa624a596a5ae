import { Histogram } from 'prom-client'
import { metricName } from './gauges.ts'
import type { Metrics } from './registry.ts'

export interface HistogramOptions<Label extends string> {
  /** Without the prefix and with its unit: `turn_seconds` becomes `talaria_turn_seconds`. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly Label[]
  /** Upper bounds, ascending, in the unit of the name. */
  readonly buckets: readonly number[]
}

/** Adds a distribution, such as how long turns take; `observe` each one. */
export function registerHistogram<Label extends string = never>(metrics: Metrics, options: HistogramOptions<Label>): Histogram<Label> {
  const { name, help, labels = [], buckets } = options
  return new Histogram({ name: metricName(name), help, labelNames: [...labels], buckets: [...buckets], registers: [metrics] })
}
