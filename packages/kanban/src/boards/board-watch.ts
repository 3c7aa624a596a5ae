import { codeOf, messageOf, type Clock, type Log } from '@talaria/core'
import type { BoardStores, Boards } from '@talaria/db'

/** A board that could not be read is tried again after so long. */
const RETRY_MS = 30_000

export interface BoardWatchOptions {
  readonly boards: Boards
  readonly storesOf: (board: string) => BoardStores
  /** Called after any change of any board, and when one came or went. */
  readonly onChange: (board: string) => void
  readonly clock: Clock
  readonly log: Log
}

/** A board that cannot be used, and why. */
export interface IllBoard {
  readonly board: string
  readonly code: string
  readonly reason: string
  readonly since: number
}

interface Watched {
  readonly stop: AbortController
  readonly done: Promise<void>
}

/**
 * Which boards there are, followed one by one: each costs its database's descriptors and nothing more (I-3). A board that
 * was deleted is let go, so that its file can be removed; one that is damaged is reported, and the others go on.
 */
export class BoardWatch implements AsyncDisposable {
  readonly #options: BoardWatchOptions
  readonly #watched = new Map<string, Watched>()
  readonly #ill = new Map<string, IllBoard & { readonly retryAt: number }>()
  readonly #ended = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: BoardWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Boards that can be used now. */
  live(): readonly string[] {
    const now = this.#options.clock.monotonic()
    return [...this.#watched.keys()].filter((slug) => (this.#ill.get(slug)?.retryAt ?? 0) <= now)
  }

  /** Boards that cannot be used, for health. */
  ill(): readonly IllBoard[] {
    return [...this.#ill.values()]
  }

  /** Notes that a board can be used. */
  well(slug: string): void {
    if (this.#ill.delete(slug)) this.#options.log.info({ board: slug }, 'a board can be used again')
  }

  /** Notes that a board cannot be used; it is left alone for a while. */
  failed(slug: string, error: unknown): void {
    const code = codeOf(error) ?? 'UNKNOWN'
    if (code === 'BOARD_NOT_FOUND') {
      this.#letGo(slug)
      return
    }
    const { clock, log } = this.#options
    const known = this.#ill.get(slug)
    if (known?.code !== code) log.error({ err: error, board: slug }, 'a board cannot be used; the others go on')
    this.#ill.set(slug, { board: slug, code, reason: messageOf(error), since: known?.since ?? clock.now(), retryAt: clock.monotonic() + RETRY_MS })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new Error('boards are followed no longer'))
    for (const { stop } of this.#watched.values()) stop.abort()
    await Promise.all([this.#running, ...[...this.#watched.values()].map(({ done }) => done)])
  }

  async #run(): Promise<void> {
    for await (const slugs of this.#options.boards.follow(this.#ended.signal)) {
      for (const slug of slugs) if (!this.#watched.has(slug)) this.#follow(slug)
      for (const slug of this.#watched.keys()) if (!slugs.includes(slug)) this.#letGo(slug)
    }
  }

  #follow(slug: string): void {
    const stop = new AbortController()
    const done = this.#changesOf(slug, stop.signal)
      .catch((error: unknown) => this.failed(slug, error))
      .then(() => {
        if (this.#watched.get(slug)?.stop === stop) this.#watched.delete(slug)
      })
    this.#watched.set(slug, { stop, done })
  }

  async #changesOf(slug: string, signal: AbortSignal): Promise<void> {
    const { board } = this.#options.storesOf(slug)
    for await (const _ of board.changes(signal)) {
      // Throws for one that was deleted.
      await board.get()
      this.#options.onChange(slug)
    }
  }

  #letGo(slug: string): void {
    this.#watched.get(slug)?.stop.abort()
    this.#watched.delete(slug)
    this.#ill.delete(slug)
    this.#options.onChange(slug)
  }
}
