import { readFileSync } from 'node:fs'
import type { Clock } from '@talaria/core'
import { deepHealthSchema } from '@talaria/core/contracts'
import { ApiClient } from '../testing/api-client.ts'
import type { Gateway } from '../testing/gateway.ts'
import { openOf, type OpenOf } from '../testing/open-of.ts'

/** How a gateway was doing at one moment. */
export interface Sample {
  /** Milliseconds since sampling began. */
  readonly atMs: number
  readonly open: OpenOf
  /** Resident memory, in megabytes. */
  readonly rssMb: number
  /** By how much the event loop was late, at most, 99 % of the time, lately. */
  readonly loopDelayP99Ms: number
}

export interface SamplingOptions {
  readonly clock: Clock
  readonly everyMs: number
  readonly signal: AbortSignal
  readonly onSample: (line: string) => void
}

/** Looks at a gateway now and then until the signal aborts. */
export async function takeSamples(gateway: Gateway, { clock, everyMs, signal, onSample }: SamplingOptions): Promise<readonly Sample[]> {
  const begun = clock.monotonic()
  const samples: Sample[] = []
  while (!signal.aborted) {
    const { eventLoopDelay } = await deepHealthOf(gateway)
    const sample = { atMs: clock.monotonic() - begun, open: openOf(gateway), rssMb: rssOf(gateway.process.pid), loopDelayP99Ms: eventLoopDelay.p99Ms }
    samples.push(sample)
    const { open, rssMb, loopDelayP99Ms } = sample
    onSample(
      `${(sample.atMs / 1_000).toFixed(0)} s  ${open.database} database  ${open.socket} sockets  ${rssMb.toFixed(0)} MB  loop p99 ${loopDelayP99Ms.toFixed(1)} ms`,
    )
    await clock.delay(everyMs, signal).catch(() => {})
  }
  return samples
}

/** By a connection of its own: one that is kept may be closed by the gateway in the moment in which it is used again. */
async function deepHealthOf({ url, key }: Gateway) {
  using api = new ApiClient(url, key)
  return deepHealthSchema.parse((await api.get('/health/deep')).json)
}

/** See proc(5), /proc/pid/status. */
function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
}
