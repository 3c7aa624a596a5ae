import type { Clock } from '@talaria/core'
import type { PlatformErrorCode } from './platform-error.ts'

/** What is counted of a platform since the gateway's start; for metrics. */
export class PlatformCounts {
  readonly #clock: Clock
  readonly #failures = new Map<PlatformErrorCode, number>()
  #attempts = 0
  #connectedMs = 0
  #connectedSince: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get attempts(): number {
    return this.#attempts
  }

  get failures(): ReadonlyMap<PlatformErrorCode, number> {
    return this.#failures
  }

  get connectedMs(): number {
    return this.#connectedMs + (this.#connectedSince === undefined ? 0 : this.#clock.monotonic() - this.#connectedSince)
  }

  attempted(): void {
    this.#attempts += 1
  }

  failed(code: PlatformErrorCode): void {
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1)
  }

  connected(): void {
    this.#connectedSince = this.#clock.monotonic()
  }

  disconnected(): void {
    this.#connectedMs = this.connectedMs
    this.#connectedSince = undefined
  }
}
