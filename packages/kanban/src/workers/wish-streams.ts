import type { Log } from '@talaria/core'
import type { BoardEvent, BoardStores, EventKind, OpenRun } from '@talaria/db'
import { z } from 'zod'
import type { WishEvent } from './worker-protocol.ts'

/** Read from the log in one go. */
const PAGE_EVENTS = 500

/** What workers are told of. Events of their tasks that are none of these wake them too: the attempt may be over. */
const TOLD: readonly EventKind[] = ['run.steered', 'run.wish', 'comment.added']

/** An event for a worker, and the place in the board's log that its stream goes on from. */
export interface SentWish {
  /** Absent from the last one: nothing follows it. */
  readonly id?: number
  readonly event: WishEvent
}

interface Stream {
  readonly taskNumber: number
  wake: () => void
}

interface Follower {
  readonly streams: Set<Stream>
  readonly stop: AbortController
}

/**
 * What workers are told while they work. However many listen, each board's log is followed once, and a worker's own
 * question is asked only when its task has news.
 */
export class WishStreams {
  readonly #storesOf: (board: string) => BoardStores
  readonly #log: Log
  readonly #followers = new Map<string, Follower>()

  constructor({ storesOf, log }: { readonly storesOf: (board: string) => BoardStores; readonly log: Log }) {
    this.#storesOf = storesOf
    this.#log = log
  }

  /** Yields what an attempt is told after `after`, or since it was claimed, until it is over or `signal` aborts. */
  async *follow({ claim }: OpenRun, { after, signal }: { readonly after: number | undefined; readonly signal: AbortSignal }): AsyncGenerator<SentWish> {
    const stores = this.#storesOf(claim.board)
    const news = new News(claim.taskNumber, signal)
    // Listens before it looks, so that nothing falls between.
    const leave = this.#join(claim.board, news.stream)
    try {
      let seq = after ?? (await claimedAt(stores, claim))
      for (;;) {
        for (;;) {
          const events = await stores.events.since({ after: seq, limit: PAGE_EVENTS, taskNumber: claim.taskNumber, kinds: TOLD })
          let isSteered = false
          for (const event of events) {
            const told = await wishOf(stores, event, claim.runId)
            if (told) yield { id: event.seq, event: told }
            isSteered ||= told?.type === 'steer'
            seq = event.seq
          }
          const run = await stores.claims.get(claim.runId)
          if (!run || run.endedAt !== null) return yield { event: { type: 'fenced' } }
          if (isSteered) await stores.claims.takeSteering(claim)
          if (events.length < PAGE_EVENTS) break
        }
        if (!(await news.next())) return
      }
    } finally {
      leave()
      news.end()
    }
  }

  #join(board: string, stream: Stream): () => void {
    let follower = this.#followers.get(board)
    if (!follower) {
      follower = { streams: new Set(), stop: new AbortController() }
      this.#followers.set(board, follower)
      void this.#run(board, follower)
    }
    const { streams, stop } = follower
    streams.add(stream)
    return () => {
      streams.delete(stream)
      if (streams.size > 0) return
      stop.abort('nobody listens')
      if (this.#followers.get(board)?.streams === streams) this.#followers.delete(board)
    }
  }

  async #run(board: string, { streams, stop }: Follower): Promise<void> {
    try {
      const { events, board: store } = this.#storesOf(board)
      let seq = await events.latest()
      // Who has looked before this was read may have missed what came between.
      for (const stream of streams) stream.wake()
      for await (const _ of store.changes(stop.signal)) {
        const tasks = new Set<number | null>()
        for (;;) {
          const page = await events.since({ after: seq, limit: PAGE_EVENTS })
          for (const { taskNumber } of page) tasks.add(taskNumber)
          seq = page.at(-1)?.seq ?? seq
          if (page.length < PAGE_EVENTS) break
        }
        for (const stream of streams) if (tasks.has(stream.taskNumber)) stream.wake()
      }
    } catch (error) {
      this.#log.warn({ err: error, board }, 'the changes of a board cannot be followed; its workers are told by their heartbeats')
      this.#followers.delete(board)
    }
  }
}

/** Waits for news of a task; what comes while nobody waits is remembered. */
class News {
  readonly stream: Stream
  readonly #signal: AbortSignal
  #hasNews = false
  #resolve: (() => void) | undefined

  constructor(taskNumber: number, signal: AbortSignal) {
    this.#signal = signal
    this.stream = { taskNumber, wake: () => this.#wake() }
    signal.addEventListener('abort', this.#onAbort)
  }

  /** False when nobody wants to hear any more. */
  async next(): Promise<boolean> {
    if (!this.#hasNews && !this.#signal.aborted) await new Promise<void>((resolve) => (this.#resolve = resolve))
    this.#hasNews = false
    return !this.#signal.aborted
  }

  end(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = () => this.#wake()

  #wake(): void {
    this.#hasNews = true
    this.#resolve?.()
    this.#resolve = undefined
  }
}

/** The event of a claim: whatever is older was said to somebody else. */
async function claimedAt({ events }: BoardStores, { taskNumber, runId }: OpenRun['claim']): Promise<number> {
  for (let after = 0; ;) {
    const page = await events.since({ after, limit: PAGE_EVENTS, taskNumber, kinds: ['task.claimed'] })
    const claimed = page.find((event) => event.runId === runId)
    const last = claimed ?? page.at(-1)
    if (claimed || !last || page.length < PAGE_EVENTS) return last?.seq ?? 0
    after = last.seq
  }
}

const CommentPayload = z.object({ comment: z.string() })
const WishPayload = z.object({ wish: z.enum(['stop', 'pause', 'resume']), reason: z.string() })
const SteeringPayload = z.object({ id: z.string(), body: z.string() })

async function wishOf({ comments }: BoardStores, { kind, runId, taskNumber, actor, payload }: BoardEvent, ownRun: string): Promise<WishEvent | undefined> {
  if (kind === 'comment.added') {
    if (runId === ownRun) return undefined
    const { comment: id } = CommentPayload.parse(payload)
    const comment = await comments.get(id)
    return comment && comment.taskNumber === taskNumber ? { type: 'comment', id, author: actor, text: comment.body } : undefined
  }
  if (runId !== ownRun) return undefined
  if (kind === 'run.wish') return { type: 'wish', ...WishPayload.parse(payload) }
  const { id, body } = SteeringPayload.parse(payload)
  return { type: 'steer', id, author: actor, text: body }
}
