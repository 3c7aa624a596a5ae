import type { AgentEvent } from '@talaria/agent'
import type { Turn, TurnEvent } from '@talaria/db'
import { Bell } from './bell.ts'
import type { Settled, SettledTurn } from './settled-turn.ts'

/** Kept in memory of a running turn beyond what is on disk, for clients that are only a little behind. */
const KEPT_EVENTS = 2_000

/**
 * A turn while it runs: its events so far, who follows them, and the switch that ends it.
 *
 * Subscribers read batches: everything that came since they last looked, so that a slow client costs memory once and
 * not once a client, and a fast model costs one write to the socket a tick.
 */
export class LiveTurn {
  /** As it was accepted. */
  readonly turn: Turn
  readonly controller: AbortController
  /** Resolves with the settled turn; rejects when it could not be written. */
  readonly settled: Promise<SettledTurn>
  /** Clients that wait for its end or follow its events. */
  followers = 0
  /** Whether it still waits for the turns before it. */
  isWaiting = true
  readonly #resolveSettled: (turn: SettledTurn) => void
  readonly #rejectSettled: (error: unknown) => void
  readonly #events: TurnEvent[] = []
  #dropped = 0
  #committed = 0
  #isClosed = false
  #isFinished = false
  #steering: string[] = []
  #failure: { readonly error: unknown } | undefined
  /** Rings for what followers wait for, each only for its kind: a stream of which nothing need be on disk would wake twice a token. */
  readonly #news = new Bell()
  readonly #commits = new Bell()

  constructor(turn: Turn, controller = new AbortController()) {
    this.turn = turn
    this.controller = controller
    const { promise, resolve, reject } = Promise.withResolvers<SettledTurn>()
    this.settled = promise
    this.#resolveSettled = resolve
    this.#rejectSettled = reject
    // Nobody may be waiting for it when it fails; those who are see the rejection all the same.
    promise.catch(() => {})
  }

  get lastSeq(): number {
    return this.#dropped + this.#events.length
  }

  /** The events that memory holds: the last ones, up to the newest. */
  get held(): readonly TurnEvent[] {
    return this.#events.slice()
  }

  /** Whether the agent is done with it: nothing it does or is told from now on counts. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Events that are not on disk yet, oldest first. */
  get unwritten(): readonly TurnEvent[] {
    return this.#events.slice(this.#committed - this.#dropped)
  }

  /** Adds what the agent did, as the next event. */
  append(event: AgentEvent, createdAt: number): TurnEvent {
    const { type, ...data } = event
    const recorded = { turnId: this.turn.id, seq: this.lastSeq + 1, type, data, createdAt }
    this.#events.push(recorded)
    this.#news.ring()
    return recorded
  }

  /** Adds text of a person, for the agent to take up; false when it takes none any more. */
  steer(text: string): boolean {
    if (this.#isClosed || this.controller.signal.aborted) return false
    this.#steering.push(text)
    return true
  }

  /** What people added since the agent last asked. */
  takeSteering(): string | undefined {
    const texts = this.#steering
    this.#steering = []
    return texts.length > 0 ? texts.join('\n') : undefined
  }

  /** What people added and no answer has taken up, once it is closed. */
  get pendingSteer(): string {
    return this.#steering.join('\n')
  }

  /** The agent is done. */
  close(): void {
    this.#isClosed = true
  }

  /** Everything up to `seq` is on disk. */
  markCommitted(seq: number): void {
    if (seq > this.#committed) this.#committed = seq
    const surplus = Math.min(this.#committed - this.#dropped, this.#events.length - KEPT_EVENTS)
    if (surplus >= KEPT_EVENTS) {
      this.#events.splice(0, surplus)
      this.#dropped += surplus
    }
    this.#commits.ring()
  }

  /** It has ended, and its last event is on disk with all before it: everybody may see it now. */
  finish({ terminal, ...settled }: Settled): void {
    this.#events.push(terminal)
    this.#committed = terminal.seq
    this.#isFinished = true
    this.#failure = undefined
    this.#resolveSettled(settled)
    this.#wakeAll()
  }

  /** The turn could not be settled: whoever follows it or waits for it gets the error. */
  fail(error: unknown): void {
    this.#failure = { error }
    this.#isFinished = true
    this.#rejectSettled(error)
    this.#wakeAll()
  }

  /**
   * What came after `after`, in batches, until the terminal event. With `durable`, only what is on disk: a client that
   * is given an id may come back with it after a crash.
   *
   * @param stored reads older events from disk, for a follower that starts before what memory still holds
   */
  async *batches(
    options: { readonly after: number; readonly durable: boolean; readonly signal?: AbortSignal },
    stored: (after: number) => Promise<readonly TurnEvent[]>,
  ): AsyncGenerator<readonly TurnEvent[]> {
    const { durable, signal } = options
    let cursor = options.after
    const wakeAll = () => this.#wakeAll()
    signal?.addEventListener('abort', wakeAll, { once: true })
    try {
      for (;;) {
        while (cursor < this.#dropped) {
          const older = await stored(cursor)
          if (older.length === 0) break
          cursor = older.at(-1)!.seq
          yield older
        }
        const end = durable ? this.#committed - this.#dropped : this.#events.length
        const batch = this.#events.slice(Math.max(0, cursor - this.#dropped), end)
        if (batch.length > 0) {
          cursor = batch.at(-1)!.seq
          yield batch
          continue
        }
        if (this.#failure) throw this.#failure.error
        if (this.#isFinished || signal?.aborted) return
        await (durable ? this.#commits : this.#news).wait()
      }
    } finally {
      signal?.removeEventListener('abort', wakeAll)
    }
  }

  #wakeAll(): void {
    this.#news.ring()
    this.#commits.ring()
  }
}
