import type { Clock } from '@talaria/core'
import { ApiClient } from '../testing/api-client.ts'
import type { Gateway } from '../testing/gateway.ts'
import { MIXED_REQUESTS } from '../testing/mixed-requests.ts'
import { Random } from '../testing/random.ts'

export interface LoadOptions {
  readonly clock: Clock
  readonly seconds: number
  /** Requests a second. */
  readonly rate: number
  /** How many may be under way at once. */
  readonly clients: number
}

/** One request as its client saw it. */
export interface Timing {
  /** When it was due, in milliseconds since the load began. */
  readonly atMs: number
  /** From when it was due to the end of its answer: a client that had to wait for its turn has waited too. */
  readonly tookMs: number
}

/** What a load was answered with. */
export interface LoadOutcome {
  readonly timings: readonly Timing[]
  /** The first hundred failures, each with the kind of request that it was. */
  readonly failures: readonly string[]
  readonly failed: number
}

const KEPT_FAILURES = 100

/** Sends requests of every kind at a steady rate, and resolves when the last one is answered; its connections are closed then. */
export async function runLoad(gateway: Gateway, { clock, seconds, rate, clients }: LoadOptions): Promise<LoadOutcome> {
  using api = new ApiClient(gateway.url, gateway.key)
  const random = new Random(1)
  const names = Object.keys(MIXED_REQUESTS)
  const timings: Timing[] = []
  const failures: string[] = []
  const begun = clock.monotonic()
  const total = Math.ceil(seconds * rate)
  let [next, failed] = [0, 0]
  const client = async () => {
    for (let index = next++; index < total; index = next++) {
      const atMs = (index * 1_000) / rate
      const early = begun + atMs - clock.monotonic()
      if (early > 0) await clock.delay(early)
      const name = random.pick(names)
      try {
        await MIXED_REQUESTS[name]!(api, random)
        // A timer may fire a fraction of a millisecond early.
        timings.push({ atMs, tookMs: Math.max(0, clock.monotonic() - begun - atMs) })
      } catch (error) {
        failed++
        if (failures.length < KEPT_FAILURES) failures.push(`${name}: ${(error as Error).message}`)
      }
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return { timings, failures, failed }
}
