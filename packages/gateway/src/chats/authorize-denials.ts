import type { Denial } from './authorize-verdict.ts'

/** How many messages were not let in since the start, by platform and reason; for metrics. */
export class DenialCounts {
  readonly #counts = new Map<string, { readonly platform: string; readonly reason: Denial; count: number }>()

  add(platform: string, reason: Denial): void {
    const key = `${platform} ${reason}`
    const row = this.#counts.get(key) ?? { platform, reason, count: 0 }
    row.count++
    this.#counts.set(key, row)
  }

  rows(): readonly { readonly platform: string; readonly reason: Denial; readonly count: number }[] {
    return [...this.#counts.values()]
  }
}
