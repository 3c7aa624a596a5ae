import { codeOf, type Clock } from '@talaria/core'
import type { BoardStores, OpenRun, RunFailure, Claim } from '@talaria/db'
import { boardBudgetRefusal, hasBoardBudget, taskBudgetRefusal, type BudgetRefusal } from './budgets.ts'

export interface BudgetWatchOptions {
  readonly storesOf: (board: string) => BoardStores
  readonly failed: (claim: Claim, failure: RunFailure) => Promise<void>
  readonly clock: Clock
}

const DAY_MS = 86_400_000

/** Ends attempts whose budget is used up, as soon as their workers say what they have cost. */
export class BudgetWatch {
  readonly #options: BudgetWatchOptions

  constructor(options: BudgetWatchOptions) {
    this.#options = options
  }

  /** Looks at attempts of one board that go on; those that it has ended, and why. */
  async look(board: string, runs: readonly OpenRun[]): Promise<ReadonlyMap<string, BudgetRefusal>> {
    const { storesOf, clock } = this.#options
    const stores = storesOf(board)
    const ended = new Map<string, BudgetRefusal>()
    const settings = await stores.board.get()
    const ofBoard = hasBoardBudget(settings) ? boardBudgetRefusal(settings, await stores.board.spend()) : undefined
    for (const { claim, run } of runs) {
      const task = ofBoard ? undefined : await stores.tasks.get(claim.taskNumber)
      const refusal = ofBoard ?? (task && taskBudgetRefusal(task, settings, clock.now() - run.claimedAt))
      if (refusal && (await this.#end(claim, refusal))) ended.set(claim.runId, refusal)
    }
    return ended
  }

  /** False when the attempt has ended in this very moment. */
  async #end(claim: Claim, refusal: BudgetRefusal): Promise<boolean> {
    const { storesOf, failed, clock } = this.#options
    try {
      if (refusal.budget === 'day') {
        // Tomorrow there is a new one, and nobody needs to allow it.
        const retryAt = (Math.floor(clock.now() / DAY_MS) + 1) * DAY_MS
        await storesOf(claim.board).claims.release(claim, refusal.detail, { retryAt })
      } else {
        await failed(claim, { class: 'budget', code: `${refusal.budget}_${refusal.measure}`, message: refusal.detail })
      }
      return true
    } catch (error) {
      if (codeOf(error) === 'CLAIM_LOST') return false
      throw error
    }
  }
}
