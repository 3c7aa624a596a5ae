import { BoardError, type BoardStores, type HeartbeatAnswer as BoardAnswer, type OpenRun } from '@talaria/db'
import type { Clock } from '@talaria/core'
import type { BudgetWatch } from './budget-watch.ts'
import { spendSince } from './spend-since.ts'
import type { HeartbeatAnswer, HeartbeatBody } from './worker-protocol.ts'

/** Workers that were started together are heard of together; one transaction is enough for them. */
const GATHER_MS = 4

export interface HeartbeatsOptions {
  readonly storesOf: (board: string) => BoardStores
  readonly leaseMs: number
  readonly budgets: BudgetWatch
  readonly clock: Clock
}

interface Beat {
  open: OpenRun
  said: HeartbeatBody
  readonly answered: PromiseWithResolvers<HeartbeatAnswer>
}

/** Signs of life, written together: those of a board that come within milliseconds are one transaction. */
export class Heartbeats {
  readonly #options: HeartbeatsOptions
  readonly #gathering = new Map<string, Map<string, Beat>>()
  readonly #writing = new Map<string, Promise<void>>()

  constructor(options: HeartbeatsOptions) {
    this.#options = options
  }

  /** Extends the lease of an attempt. @throws BoardError `CLAIM_LOST` */
  beat(open: OpenRun, said: HeartbeatBody): Promise<HeartbeatAnswer> {
    const { board, runId } = open.claim
    const beats = this.#gathering.get(board) ?? this.#gather(board)
    const known = beats.get(runId)
    if (known) {
      known.said = { ...known.said, ...said }
      return known.answered.promise
    }
    const answered = Promise.withResolvers<HeartbeatAnswer>()
    beats.set(runId, { open, said, answered })
    return answered.promise
  }

  /** Resolves when what has been said on a board up to now is on the disk: what an attempt has cost is known then. */
  async settled(board: string): Promise<void> {
    await this.#writing.get(board)
  }

  #gather(board: string): Map<string, Beat> {
    const beats = new Map<string, Beat>()
    this.#gathering.set(board, beats)
    const before = this.#writing.get(board)
    const writing = (async () => {
      await this.#options.clock.delay(GATHER_MS)
      await before
      this.#gathering.delete(board)
      await this.#write(board, beats)
    })().finally(() => {
      if (this.#writing.get(board) === writing) this.#writing.delete(board)
    })
    this.#writing.set(board, writing)
    return beats
  }

  /** Every beat gets its answer, or the error. */
  async #write(board: string, beats: ReadonlyMap<string, Beat>): Promise<void> {
    const { leaseMs, budgets, clock } = this.#options
    try {
      const answer = await this.#extend(board, beats)
      const leaseExpiresAt = clock.now() + leaseMs
      const lost = new Set(answer.lost)
      const alive = [...beats.values()].filter(({ open }) => !lost.has(open.claim.runId))
      const ended = await budgets.look(
        board,
        alive.map(({ open }) => open),
      )
      const wishes = new Map(answer.wishes.map((wish) => [wish.runId, wish]))
      for (const { open, answered } of beats.values()) {
        const { runId } = open.claim
        const spent = ended.get(runId)
        const wish = wishes.get(runId)
        if (lost.has(runId)) answered.reject(new BoardError('CLAIM_LOST', `Run ${runId} is over.`))
        else if (spent) answered.resolve({ leaseExpiresAt, wish: 'stop', reason: spent.detail })
        else answered.resolve({ leaseExpiresAt, wish: wish?.wish ?? null, reason: wish?.reason ?? null })
      }
    } catch (error) {
      for (const { answered } of beats.values()) answered.reject(error)
    }
  }

  async #extend(board: string, beats: ReadonlyMap<string, Beat>): Promise<BoardAnswer> {
    const { claims } = this.#options.storesOf(board)
    const rows = await Promise.all(
      [...beats.values()].map(async ({ open: { claim }, said: { note, spend } }) => {
        // Read now: an earlier beat may have been booked since this one's worker was asked who it is.
        const run = spend && (await claims.get(claim.runId))
        return { runId: claim.runId, fence: claim.fence, ...(note !== undefined && { note }), ...(run && { spend: spendSince(run.spend, spend) }) }
      }),
    )
    return claims.heartbeat(rows, this.#options.leaseMs)
  }
}
