import { Registry } from 'prom-client'

/**
 * What this process counts and measures, for Prometheus. One a process, made in `main` and passed on; not prom-client's
 * global one, which two services in one test would share.
 */
export type Metrics = Registry

/** An empty registry. */
export function createMetrics(): Metrics {
  return new Registry()
}
