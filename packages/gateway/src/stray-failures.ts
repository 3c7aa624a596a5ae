import { codeOf, messageOf, type Log } from '@talaria/core'
import { platformErrorOf } from './platforms/platform-error-of.ts'
import { platformScope } from './platforms/platform-scope.ts'
import type { PlatformSupervisors } from './platforms/supervisors.ts'

/** A promise that rejected, or an exception (an `error` event without a listener is one), that nobody caught. */
export type StrayKind = 'rejection' | 'exception'

/**
 * What to do about failures that nobody caught. One that comes out of a platform's library is that platform's trouble: a
 * rejection is logged and counted; after an exception nobody knows what state the library is in, so its connection is given
 * up, and its supervisor makes another with everything new. Any other failure is a mistake of ours, after which nothing
 * can be relied on: the gateway has to end.
 */
export class StrayFailures {
  readonly #supervisors: PlatformSupervisors
  readonly #log: Log
  readonly #counts = new Map<string, { readonly platform: string; readonly kind: StrayKind; count: number }>()

  constructor({ supervisors, log }: { readonly supervisors: PlatformSupervisors; readonly log: Log }) {
    this.#supervisors = supervisors
    this.#log = log
  }

  /** How many there were since the start; `platform` is empty where none is known. */
  get rows(): readonly { readonly platform: string; readonly kind: StrayKind; readonly count: number }[] {
    return [...this.#counts.values()]
  }

  /** Takes a failure, in the context in which it happened; says whether the gateway can go on. */
  take(kind: StrayKind, error: unknown): boolean {
    const platform = platformScope.current()
    const key = `${kind} ${platform ?? ''}`
    const row = this.#counts.get(key) ?? { platform: platform ?? '', kind, count: 0 }
    row.count++
    this.#counts.set(key, row)
    const fields = { err: error, kind, code: codeOf(error), ...(platform !== undefined && { platform }) }
    if (platform === undefined) {
      this.#log.fatal(fields, `Nobody caught this ${kind}, and it comes from no platform: ${messageOf(error)}`)
      return false
    }
    this.#log.error(fields, `The library of a platform has let this ${kind} go: ${messageOf(error)}`)
    if (kind === 'exception') this.#supervisors.get(platform)?.giveUp(platformErrorOf(error))
    return true
  }
}
