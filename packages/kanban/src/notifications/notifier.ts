import { startLoop, type Clock, type Log, type Loop } from '@talaria/core'
import type { Boards, BoardStores, Subscription, SubscriptionTarget } from '@talaria/db'
import { BoardWatch, type IllBoard } from '../boards/board-watch.ts'
import type { Deliveries } from './notification.ts'
import { tellSubscriber } from './tell-subscriber.ts'

/** Changes wake it; this is for what is due later: digests, and what is tried again. */
const LOOK_MS = 15_000

/** Subscribers of one board that are told at once: one whose server hangs holds up none of the others. */
const MOST_AT_ONCE = 16

export interface NotifierOptions {
  readonly boards: Boards
  readonly storesOf: (board: string) => BoardStores
  /** Only kinds of targets that are in here are looked at; another process tells the others. */
  readonly deliveries: Deliveries
  /** Whether it is this process that tells, where several could and whom they tell cannot know it; always unless given. */
  readonly isOn?: () => boolean
  readonly random?: () => number
  readonly clock: Clock
  readonly log: Log
}

/**
 * Tells subscribers what happens on boards, each event once. What was told is a cursor on each subscription, so that
 * nothing is lost while no notifier runs, and several on one home do not tell twice. Disposing waits for what has begun.
 */
export class Notifier implements AsyncDisposable {
  readonly #options: NotifierOptions
  readonly #watch: BoardWatch
  readonly #stop = new AbortController()
  /** Boards that something happened on since they were last looked at. */
  readonly #changed = new Set<string>()
  /** Subscribers that are being told now, by board. */
  readonly #telling = new Map<string, Map<string, Promise<void>>>()
  #loop: Loop | undefined
  #lookedAt = -Infinity

  constructor(options: NotifierOptions) {
    const { boards, storesOf, clock, log } = options
    this.#options = options
    this.#watch = new BoardWatch({
      boards,
      storesOf,
      onChange: (board) => {
        this.#changed.add(board)
        this.#loop?.wake()
      },
      clock,
      log,
    })
  }

  /** Begins to follow the boards; once. */
  start(): void {
    const { clock, log } = this.#options
    this.#loop ??= startLoop({ name: 'notifications of boards', everyMs: LOOK_MS, clock, log, step: () => this.#round() })
    this.#watch.start()
  }

  /** Boards that cannot be followed, for health. */
  ill(): readonly IllBoard[] {
    return this.#watch.ill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the process stops'))
    await this.#watch[Symbol.asyncDispose]()
    await this.#loop?.[Symbol.asyncDispose]()
    await Promise.all([...this.#telling.values()].flatMap((telling) => [...telling.values()]))
  }

  async #round(): Promise<void> {
    for (const board of this.#boardsToLookAt()) {
      try {
        for (const kind of Object.keys(this.#options.deliveries) as SubscriptionTarget['kind'][]) await this.#look(board, kind)
      } catch (error) {
        this.#watch.failed(board, error)
      }
    }
  }

  #boardsToLookAt(): readonly string[] {
    const { clock, isOn = () => true } = this.#options
    if (!isOn()) return []
    const now = clock.monotonic()
    const live = this.#watch.live()
    const isTimeForAll = now - this.#lookedAt >= LOOK_MS
    if (isTimeForAll) this.#lookedAt = now
    const boards = isTimeForAll ? live : live.filter((board) => this.#changed.has(board))
    this.#changed.clear()
    return boards
  }

  async #look(board: string, kind: SubscriptionTarget['kind']): Promise<void> {
    const telling = this.#telling.get(board) ?? new Map<string, Promise<void>>()
    this.#telling.set(board, telling)
    const stores = this.#options.storesOf(board)
    const behind = await stores.subscriptions.behind(kind, MOST_AT_ONCE + telling.size)
    for (const subscription of behind) {
      if (this.#stop.signal.aborted || telling.size >= MOST_AT_ONCE) return
      if (telling.has(subscription.id)) continue
      const told = this.#tell(board, subscription).finally(() => {
        telling.delete(subscription.id)
        // More may have happened meanwhile, and others may have waited for a place.
        this.#changed.add(board)
        this.#loop?.wake()
      })
      telling.set(subscription.id, told)
    }
  }

  async #tell(board: string, subscription: Subscription): Promise<void> {
    const { storesOf, deliveries, random = Math.random, clock } = this.#options
    const deliver = deliveries[subscription.target.kind]!
    try {
      await tellSubscriber(subscription, { board, stores: storesOf(board), deliver, random, clock, signal: this.#stop.signal })
    } catch (error) {
      this.#watch.failed(board, error)
    }
  }
}
