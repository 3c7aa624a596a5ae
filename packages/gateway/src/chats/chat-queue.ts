import { codeOf, type Clock, type Log } from '@talaria/core'
import type { GatewayStores, Inbound } from '@talaria/db'
import { inboundMessageOf, lengthOfFirst, mayGoOn } from './merge-messages.ts'
import { OngoingTurn } from './ongoing-turn.ts'
import type { Turns } from '../turns/turns.ts'

/** How long the parts of what a platform or a client has split may take to come, after the last one and in all. */
const GATHER_MS = 350
const GATHER_LIMIT_MS = 1_000

/** Between two tries to begin a turn that could not begin. */
const RETRY_MS = 1_000

/** A message that could not be answered so often is told so instead. */
const MOST_TRIES = 60

export interface ChatQueueOptions {
  readonly stores: Pick<GatewayStores, 'inbound' | 'routes' | 'turns'>
  readonly turns: Pick<Turns, 'steer' | 'stop'>
  readonly runner: { readonly id: string }
  /** Answers messages as one; resolves when they are finished. */
  readonly answer: (rows: readonly Inbound[], ongoing: OngoingTurn, signal: AbortSignal) => Promise<void>
  /** Finishes messages that cannot be answered, and says so. */
  readonly giveUp: (rows: readonly Inbound[], error: unknown) => Promise<void>
  /** Whether an operator wants nothing new to begin. */
  readonly isPaused: () => Promise<boolean>
  readonly maxLength: (platform: string) => number
  readonly clock: Clock
  readonly log: Log
}

/** A conversation that has something to do. */
interface Work {
  ongoing: OngoingTurn | undefined
  /** Something came since the queue was last looked at. */
  again: boolean
  readonly done: Promise<void>
}

/**
 * One turn at a time in each conversation, in the order of its messages; different ones side by side. What waits is in
 * the database, so that it outlives the process; memory holds only the conversations that are at work.
 */
export class ChatQueue implements AsyncDisposable {
  readonly #options: ChatQueueOptions
  readonly #work = new Map<string, Work>()
  readonly #stop = new AbortController()

  constructor(options: ChatQueueOptions) {
    this.#options = options
  }

  /** Conversations that are being answered here. */
  get active(): number {
    return this.#work.size
  }

  /** The turn that a conversation is at, if it is at one here. */
  ongoing(sessionKey: string): OngoingTurn | undefined {
    return this.#work.get(sessionKey)?.ongoing
  }

  /** Something waits in this conversation. */
  wake(sessionKey: string): void {
    if (this.#stop.signal.aborted) return
    const work = this.#work.get(sessionKey)
    if (work) {
      work.again = true
      return
    }
    const done = Promise.resolve().then(() => this.#run(sessionKey))
    this.#work.set(sessionKey, { ongoing: undefined, again: false, done })
  }

  /** Goes on with everything that waits, such as what an earlier process has left. */
  async wakeAll(): Promise<void> {
    for (const sessionKey of await this.#options.stores.inbound.sessionsWaiting()) this.wake(sessionKey)
  }

  /** Begins nothing more, and waits for what is under way; what has been taken and not begun is given back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the gateway stops'))
    await Promise.all([...this.#work.values()].map(({ done }) => done))
    await this.#giveBack().catch((error: unknown) =>
      this.#options.log.error({ err: error }, 'messages that were taken could not be given back; the next gateway finds them'),
    )
  }

  /** Not while a turn is unsettled: its messages would be answered again. Then this runner does not sign off either, and the next gateway sees to both. */
  async #giveBack(): Promise<void> {
    const { stores, runner } = this.#options
    if ((await stores.turns.underWay(runner.id)).length === 0) await stores.inbound.adopt(runner.id, runner.id)
  }

  /** Never rejects. */
  async #run(sessionKey: string): Promise<void> {
    const { clock, log } = this.#options
    const work = this.#work.get(sessionKey)!
    const { signal } = this.#stop
    do {
      work.again = false
      try {
        while (!signal.aborted && (await this.#next(sessionKey, work)));
      } catch (error) {
        if (signal.aborted) break
        log.error({ err: error, session_key: sessionKey }, 'a conversation could not go on; trying again')
        await clock.delay(RETRY_MS, signal).catch(() => {})
        work.again = true
      }
    } while (work.again && !signal.aborted)
    this.#work.delete(sessionKey)
  }

  /** Answers what comes next; false when nothing does. */
  async #next(sessionKey: string, work: Work): Promise<boolean> {
    const { stores, runner, isPaused, clock } = this.#options
    const { signal } = this.#stop
    const waiting = await this.#gathered(sessionKey)
    if (waiting.length === 0 || (await this.#isSuspended(sessionKey, waiting)) || signal.aborted) return false
    if (await isPaused()) {
      await clock.delay(RETRY_MS, signal)
      return true
    }
    const [first] = waiting
    const rows = await stores.inbound.take(sessionKey, runner.id, lengthOfFirst(waiting, this.#maxLength(first!)))
    if (rows.length === 0) return false
    await this.#answer(rows, work)
    return true
  }

  /** What waits, once what the platform or a client has split is complete. */
  async #gathered(sessionKey: string): Promise<readonly Inbound[]> {
    const { stores, clock } = this.#options
    const since = clock.monotonic()
    for (let known = -1; ;) {
      const waiting = await stores.inbound.waiting(sessionKey)
      const [first] = waiting
      if (!first) return waiting
      const length = lengthOfFirst(waiting, this.#maxLength(first))
      const isComplete = length < waiting.length || !mayGoOn(inboundMessageOf(waiting[length - 1]!), this.#maxLength(first))
      if (isComplete || length === known || clock.monotonic() - since >= GATHER_LIMIT_MS) return waiting
      known = length
      await clock.delay(GATHER_MS, this.#stop.signal)
    }
  }

  /** A conversation that was set aside goes on with the next message that comes after that, and not by itself. */
  async #isSuspended(sessionKey: string, waiting: readonly Inbound[]): Promise<boolean> {
    const suspendedAt = (await this.#options.stores.routes.find(sessionKey))?.suspendedAt ?? undefined
    return suspendedAt !== undefined && waiting.every(({ receivedAt }) => receivedAt <= suspendedAt)
  }

  async #answer(rows: readonly Inbound[], work: Work): Promise<void> {
    const { turns, answer, giveUp, clock, log } = this.#options
    const { signal } = this.#stop
    for (let tries = 1; ; tries++) {
      work.ongoing = new OngoingTurn(turns)
      try {
        return await answer(rows, work.ongoing, signal)
      } catch (error) {
        if (codeOf(error) === 'CLAIM_LOST') return await this.#leave(rows, error)
        if (signal.aborted || codeOf(error) === 'gateway_draining') throw error
        log.warn({ err: error, inbound: rows[0]!.id, tries }, 'a message could not be answered')
        if (tries >= MOST_TRIES) return await giveUp(rows, error)
        await clock.delay(RETRY_MS, signal)
      } finally {
        work.ongoing = undefined
      }
    }
  }

  /** Another gateway took this one for dead, and answers them; what it did not take nobody answers any more. */
  async #leave(rows: readonly Inbound[], error: unknown): Promise<void> {
    const { stores, runner, giveUp, log } = this.#options
    const known = await Promise.all(rows.map(({ id }) => stores.inbound.get(id)))
    const left = known.filter((row) => row?.state === 'taken' && row.runner === runner.id) as readonly Inbound[]
    log.warn({ err: error, inbound: rows[0]!.id, left: left.length }, 'messages were taken over by another gateway')
    if (left.length > 0) await giveUp(left, error)
  }

  #maxLength({ address }: Inbound): number {
    return this.#options.maxLength(address.platform)
  }
}
