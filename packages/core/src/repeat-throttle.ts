import type { Clock } from './clock.ts'

export interface RepeatThrottleOptions {
  /** How many of one kind pass within a window; the rest is only counted. */
  readonly burst: number
  /** How many of all kinds pass within a window: the bound that holds when no two are the same. */
  readonly total: number
  /** How long a window is; it opens with the first of its kind. */
  readonly windowMs: number
  readonly clock: Clock
}

/** What was held back within one window: an example of the kind, and how many. */
export interface HeldBack<Item> {
  readonly item: Item
  readonly count: number
}

interface Window<Item> {
  readonly endsAt: number
  readonly item: Item
  passed: number
  heldBack: number
}

// More kinds than this within a window count as one, so that neither memory nor what there is to tell grows with them.
const MOST_KINDS = 200
const OTHERS = 'others'

/** Lets a few of each kind pass and counts the rest. Holds no timer: what windows held back is asked for with `takeEnded`. */
export class RepeatThrottle<Item> {
  readonly #options: RepeatThrottleOptions
  /** In the order they opened, which is the order they end, because all last equally long. */
  readonly #windows = new Map<string, Window<Item>>()
  #ended: HeldBack<Item>[] = []
  #all = { endsAt: -Infinity, passed: 0 }

  constructor(options: RepeatThrottleOptions) {
    this.#options = options
  }

  /** Whether one more of this kind passes; `'last'` passes too, and is the last one that does in this window. */
  admit(kind: string, item: Item): 'pass' | 'last' | 'hold' {
    const { burst, total, windowMs, clock } = this.#options
    const now = clock.monotonic()
    this.#closeEnded(now)
    if (now >= this.#all.endsAt) this.#all = { endsAt: now + windowMs, passed: 0 }
    const window = this.#windows.get(kind) ?? this.#open(kind, { endsAt: now + windowMs, item, passed: 0, heldBack: 0 })
    if (window.passed >= burst || this.#all.passed >= total) {
      window.heldBack++
      return 'hold'
    }
    window.passed++
    this.#all.passed++
    return window.passed === burst || this.#all.passed === total ? 'last' : 'pass'
  }

  /** What the windows that have ended since the last call held back. Costs next to nothing while that is nothing. */
  takeEnded(): readonly HeldBack<Item>[] {
    this.#closeEnded(this.#options.clock.monotonic())
    if (this.#ended.length === 0) return this.#ended
    const ended = this.#ended
    this.#ended = []
    return ended
  }

  #open(kind: string, window: Window<Item>): Window<Item> {
    const full = this.#windows.size >= MOST_KINDS
    const others = full ? this.#windows.get(OTHERS) : undefined
    if (others) return others
    this.#windows.set(full ? OTHERS : kind, window)
    return window
  }

  #closeEnded(now: number): void {
    for (const [kind, window] of this.#windows) {
      if (window.endsAt > now) return
      this.#windows.delete(kind)
      if (window.heldBack > 0) this.#ended.push({ item: window.item, count: window.heldBack })
    }
  }
}
