import { Counter } from 'prom-client'
import { metricName } from './gauges.ts'
import type { Metrics } from './registry.ts'

export interface CounterOptions<Label extends string> {
  /** Without the prefix and with its unit: `turns_total` becomes `talaria_turns_total`. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly Label[]
}

/** Adds a number that only grows, such as turns or refusals; `inc` it where the thing happens. */
export function registerCounter<Label extends string = never>(metrics: Metrics, { name, help, labels = [] }: CounterOptions<Label>): Counter<Label> {
  return new Counter({ name: metricName(name), help, labelNames: [...labels], registers: [metrics] })
}
