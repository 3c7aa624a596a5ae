import { Gauge } from 'prom-client'
import type { Metrics } from './registry.ts'

/** One value, and the labels that tell it from the others of its name. */
export interface Sample {
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
}

export interface GaugesOptions {
  /** Without the prefix: `db_leases` becomes `talaria_db_leases`. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  /** Called when somebody scrapes. Samples that are no longer returned are no longer exported. */
  readonly collect: () => readonly Sample[] | Promise<readonly Sample[]>
}

/**
 * Adds a gauge whose values are asked for when they are scraped, so that nothing need be kept up to date. If `collect`
 * throws, this gauge is missing from the answer and the others are not.
 */
export function registerGauges(metrics: Metrics, { name, help, labels = [], collect }: GaugesOptions): void {
  const collectOr = async (nothing: readonly Sample[]) => {
    try {
      return await collect()
    } catch {
      return nothing
    }
  }
  const gauge: Gauge = new Gauge({
    name: metricName(name),
    help,
    labelNames: [...labels],
    registers: [metrics],
    async collect() {
      const samples = await collectOr([])
      // Only now, and in one go: another scrape may be reading.
      gauge.reset()
      // Without labels a gauge starts at 0, which would be a lie when there is nothing to tell.
      if (labels.length === 0) gauge.remove()
      for (const sample of samples) gauge.set({ ...sample.labels }, sample.value)
    },
  })
}

/** The full name of one of our metrics. */
export function metricName(name: string): string {
  return `talaria_${name}`
}
