import { codeOf } from '@talaria/core'
import type { BoardEvent, BoardStores } from '@talaria/db'
import { cardOf, type Card } from './card.ts'

/** Events that are kept for who is a little behind. Who is further behind looks at the board again, which costs less than all that has happened. */
const MOST_BEHIND = 1_000
/** Events of one reading. */
const PAGE = 500

const encoder = new TextEncoder()

interface Frame {
  readonly seq: number
  readonly taskNumber: number | null
  readonly bytes: Uint8Array
}

export interface FollowOptions {
  /** The last event that the client has seen; those that come from now on, unless given. */
  readonly after?: number
  /** Only events of this task. */
  readonly taskNumber?: number
  readonly signal: AbortSignal
}

/**
 * The events of one board as they happen, read and rendered once for all who follow. Followers take frames as fast as
 * they can and hold nothing but their place; one that falls too far behind is told so and goes on from the newest.
 */
export class BoardFeed {
  readonly #stores: BoardStores
  readonly #onUnfollowed: () => void
  readonly #stop = new AbortController()
  readonly #waiting = new Set<() => void>()
  #followers = 0
  #frames: Frame[] = []
  /** The newest event that was read. */
  #head = 0
  #begun: Promise<void> | undefined
  /** How it ended: by itself, or by a failure. */
  #end: { readonly error?: Error } | undefined
  /** What most followers need next is the same. */
  #shared: { readonly from: number; readonly to: number; readonly bytes: Uint8Array } | undefined

  constructor(stores: BoardStores, onUnfollowed: () => void) {
    this.#stores = stores
    this.#onUnfollowed = onUnfollowed
  }

  /**
   * Frames of server-sent events until `signal` aborts: `ready`, then the events by their kinds, each under its number and
   * with the card as it is by then; `skipped` in place of what is too much or no longer kept; `deleted` as the last one.
   *
   * @throws what reading the board throws
   */
  async *follow({ after, taskNumber, signal }: FollowOptions): AsyncGenerator<string | Uint8Array> {
    this.#followers += 1
    try {
      await (this.#begun ??= this.#begin())
      let place = after ?? this.#head
      yield frameOf('ready', { seq: this.#head }, place)
      while (!signal.aborted && !this.#end) {
        if (place === this.#head) {
          await this.#untilWoken(signal)
          continue
        }
        const next = await this.#next(place, taskNumber)
        place = next.to
        yield next.bytes
      }
      if (codeOf(this.#end?.error) === 'BOARD_NOT_FOUND') yield frameOf('deleted', {}, place)
      else if (this.#end?.error !== undefined) throw this.#end.error
    } finally {
      this.#followers -= 1
      if (this.#followers === 0) {
        this.#stop.abort(new Error('nobody follows any more'))
        this.#onUnfollowed()
      }
    }
  }

  async #begin(): Promise<void> {
    this.#head = await this.#stores.events.latest()
    void this.#run()
  }

  async #run(): Promise<void> {
    try {
      for await (const _ of this.#stores.board.changes(this.#stop.signal)) await this.#take()
      this.#end = {}
    } catch (error) {
      // The process is stopping: nothing that a client could do about.
      this.#end = codeOf(error) === 'CLOSED' ? {} : { error: error as Error }
    }
    this.#wakeAll()
  }

  /** Reads what has happened since. */
  async #take(): Promise<void> {
    for (;;) {
      const events = await this.#stores.events.since({ after: this.#head, limit: PAGE })
      // A board is deleted without a word on its log: this throws.
      if (events.length === 0) return void (await this.#stores.board.get())
      const frames = await this.#framesOf(events)
      this.#frames = [...this.#frames, ...frames].slice(-MOST_BEHIND)
      this.#head = events.at(-1)!.seq
      this.#wakeAll()
      if (events.length < PAGE) return
    }
  }

  async #next(place: number, taskNumber: number | undefined): Promise<{ readonly to: number; readonly bytes: string | Uint8Array }> {
    const to = this.#head
    const oldest = this.#frames[0]?.seq
    if (oldest !== undefined && place >= oldest - 1 && place < to) return { to, bytes: this.#kept(place, taskNumber) }
    if (place < to && to - place <= MOST_BEHIND) {
      const events = await this.#stores.events.since({ after: place, limit: PAGE })
      // Of tasks that have ended, events are removed in time: what is left of them is no whole.
      if (events.length > 0 && events.at(-1)!.seq - place === events.length)
        return { to: events.at(-1)!.seq, bytes: joined(await this.#framesOf(events), taskNumber) }
    }
    return { to, bytes: frameOf('skipped', { from: place, to }, to) }
  }

  #kept(place: number, taskNumber: number | undefined): Uint8Array {
    const first = this.#frames.length - (this.#head - place)
    if (taskNumber !== undefined) return joined(this.#frames.slice(first), taskNumber)
    if (this.#shared?.from !== place || this.#shared.to !== this.#head) {
      this.#shared = { from: place, to: this.#head, bytes: joined(this.#frames.slice(first)) }
    }
    return this.#shared.bytes
  }

  /** Cards are as they are now, so that only the last event of each task needs to carry one. */
  async #framesOf(events: readonly BoardEvent[]): Promise<readonly Frame[]> {
    const last = new Map(events.flatMap(({ taskNumber, seq }) => (taskNumber === null ? [] : [[taskNumber, seq] as const])))
    const cards = new Map<number | null, Card>((await this.#stores.tasks.cards([...last.keys()])).map((task) => [task.number, cardOf(task)]))
    return events.map((event) => {
      const card = event.taskNumber !== null && last.get(event.taskNumber) === event.seq ? cards.get(event.taskNumber) : undefined
      return { seq: event.seq, taskNumber: event.taskNumber, bytes: encoder.encode(frameOf(event.kind, { ...event, ...(card && { card }) }, event.seq)) }
    })
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  async #untilWoken(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    this.#waiting.add(wake)
    signal.addEventListener('abort', wake)
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', wake)
      this.#waiting.delete(wake)
    }
  }
}

function frameOf(event: string, data: object, id: number): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

function joined(frames: readonly Frame[], taskNumber?: number): Uint8Array {
  return Buffer.concat(frames.filter((frame) => taskNumber === undefined || frame.taskNumber === taskNumber).map(({ bytes }) => bytes))
}
