import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { startLoop, type Loop } from '../loop.ts'
import { descriptorLimits } from './descriptor-limits.ts'
import { countDescriptors, descriptorUse, type DescriptorUse, type IsDatabase } from './open-descriptors.ts'

/** `ok`; `warn`: somebody should look; `shed`: new work is refused so that what is open can go on. */
export type BudgetLevel = 'ok' | 'warn' | 'shed'

// Whole per cent, because 0.85 - 0.05 is not 0.8.
const WARN_PERCENT = 70
const SHED_PERCENT = 85
/** A level is left this far below where it is entered, so that one request more or less does not change it. */
const HYSTERESIS_PERCENT = 5

const SAMPLE_EVERY_MS = 2_000
// Between two samples a burst can open a few descriptors for each piece of work that is admitted.
const DESCRIPTORS_PER_ADMISSION = 4
const MOST_ADMISSIONS_PER_SAMPLE = 64

export interface DescriptorBudgetOptions {
  readonly clock: Clock
  readonly log: Log
  /** Which files are databases; core knows none. */
  readonly isDatabase: IsDatabase
  /** The soft limit of this process unless told otherwise. */
  readonly limit?: number
}

/** Starts watching how many of its descriptors this process uses; whoever starts it disposes it. */
export function startDescriptorBudget(options: DescriptorBudgetOptions): DescriptorBudget {
  return new DescriptorBudget(options)
}

/**
 * How much of the limit on open descriptors is used, and whether new work is admitted (incident I-5: refuse in time
 * instead of failing at random). Sampled every two seconds, and more often while `admits` is asked often; a sample
 * costs 8 µs on Linux 6.2 and newer. Changes of level are logged once, with the use by class.
 *
 * Where the limit is unknown the level is `ok` always. Where it is so exhausted that one cannot even count, it is `shed`.
 */
export class DescriptorBudget implements AsyncDisposable {
  readonly limit: number | undefined
  readonly #log: Log
  readonly #isDatabase: IsDatabase
  readonly #loop: Loop
  #used: number | undefined
  #level: BudgetLevel = 'ok'
  #announced: BudgetLevel = 'ok'
  #admissionsUntilSample = 0

  /** Use `startDescriptorBudget`. */
  constructor({ clock, log, isDatabase, limit }: DescriptorBudgetOptions) {
    this.limit = limit ?? descriptorLimits()?.soft
    this.#log = log
    this.#isDatabase = isDatabase
    this.#loop = startLoop({ name: 'descriptor budget', everyMs: SAMPLE_EVERY_MS, clock, log, step: () => this.#watch() })
    this.sample()
  }

  get level(): BudgetLevel {
    return this.#level
  }

  /** Open descriptors at the last sample; `undefined` where the system does not tell. */
  get used(): number | undefined {
    return this.#used
  }

  /** Whether new work may begin. Mostly the comparison of a number; the caller answers 503 with `Retry-After` if not. */
  admits(): boolean {
    if (--this.#admissionsUntilSample < 0) this.sample()
    return this.#level !== 'shed'
  }

  /** Counts now instead of at the next tick, as one does before a burst. */
  sample(): BudgetLevel {
    const { limit } = this
    if (limit === undefined) return this.#level
    this.#used = countOr(limit)
    if (this.#used !== undefined) this.#level = levelOf((this.#used / limit) * 100, this.#level)
    this.#admissionsUntilSample = this.#level === 'shed' ? MOST_ADMISSIONS_PER_SAMPLE : affordable((limit * SHED_PERCENT) / 100 - (this.#used ?? 0))
    if (this.#level !== this.#announced) this.#loop.wake()
    return this.#level
  }

  /** The use by class, now; `undefined` off Linux, and where no descriptor is left to look with. */
  async use(): Promise<DescriptorUse | undefined> {
    return descriptorUse(this.#isDatabase).catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]()
  }

  async #watch(): Promise<void> {
    const level = this.sample()
    if (level === this.#announced) return
    this.#announced = level
    const fields = { used: this.#used, limit: this.limit, classes: (await this.use())?.classes }
    const share = `${this.#used} of ${this.limit} descriptors are in use`
    if (level === 'shed') this.#log.error(fields, `${share}: new work is refused. GET /handles says which component holds the databases.`)
    if (level === 'warn') this.#log.warn(fields, `${share}. New work is refused from ${SHED_PERCENT} % on.`)
    if (level === 'ok') this.#log.info(fields, `${share}: back to normal.`)
  }
}

function levelOf(percent: number, before: BudgetLevel): BudgetLevel {
  if (percent >= SHED_PERCENT - (before === 'shed' ? HYSTERESIS_PERCENT : 0)) return 'shed'
  return percent >= WARN_PERCENT - (before === 'ok' ? 0 : HYSTERESIS_PERCENT) ? 'warn' : 'ok'
}

/** How many pieces of work may be admitted before one must count again. */
function affordable(headroom: number): number {
  return Math.max(0, Math.min(MOST_ADMISSIONS_PER_SAMPLE, Math.floor(headroom / DESCRIPTORS_PER_ADMISSION)))
}

/** Failing to count is the surest sign that none is left. */
function countOr(limit: number): number | undefined {
  try {
    return countDescriptors()
  } catch {
    return limit
  }
}
