import type { Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import { appendEvent } from './append-event.ts'
import { candidatesOf, type CandidateQuery } from './claim-candidates.ts'
import { requireCurrent } from './claim-current.ts'
import {
  blockRun,
  completeRun,
  failRun,
  releaseRun,
  requestChangesOfRun,
  requestReviewOfRun,
  type Blocking,
  type ChangesRequest,
  type Completion,
  type FailurePolicy,
  type ReviewRequest,
} from './claim-ends.ts'
import { extendLeases, type Heartbeat, type HeartbeatAnswer } from './claim-heartbeat.ts'
import { dispatcherActor, type ClaimOptions, type ClaimRefusal, type HeldTask } from './claim-options.ts'
import { chooseTask, selectTasks } from './claim-selection.ts'
import { addSpend } from './claim-spend.ts'
import { takeTask } from './claim-take.ts'
import { changedWaiting, writeWaiting, type NewWaiting } from './claim-waiting.ts'
import type { Actor, Candidate, Claim, Claimed, RunFailure, Spend } from './records.ts'
import { RunReader } from './run-reader.ts'
import type { OpenRun } from './run-rows.ts'
import { wishOfRun, type NewWish } from './run-wishes.ts'
import { hasSteering, insertSteering, takeSteering, type Steering } from './steering-rows.ts'
import type { BoardTables } from './tables.ts'

/**
 * Attempts from the claim to the end. A claim is a lease with a fence: every later write names both, and one that is
 * not the task's current attempt throws `CLAIM_LOST` and changes nothing. An end that is said twice is heard once.
 */
export class ClaimStore extends RunReader {
  readonly #database: Database<BoardTables>
  readonly #clock: Clock

  constructor(database: Database<BoardTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /** Tasks that could be claimed, the best first. */
  candidates(query: CandidateQuery): Promise<readonly Candidate[]> {
    return this.#database.read((db) => candidatesOf(db, query))
  }

  /** Claims the task of this number, or says why not. @throws BoardError `TASK_NOT_FOUND` */
  async claim(number: number, { tokenHash, ...options }: ClaimOptions & { readonly tokenHash: string }): Promise<Claimed | ClaimRefusal> {
    // Looked at first, here and below: a write wakes everybody who follows the changes.
    const seen = await this.#database.read((db) => chooseTask(db, options, number))
    if ('refused' in seen) return seen
    return this.#database.write(async (tx) => {
      const chosen = await chooseTask(tx, options, number)
      if ('refused' in chosen) return chosen
      return takeTask(tx, chosen, options, tokenHash)
    })
  }

  /** Claims the best task that may run. */
  async claimNext({ tokenHash, ...options }: ClaimOptions & { readonly tokenHash: string }): Promise<Claimed | undefined> {
    return (await this.claimMany({ ...options, tokenHashes: [tokenHash] })).claimed[0]
  }

  /** Claims the best tasks that may run together, one for each token in their order, and tells which of those that it looked at may not. */
  async claimMany({ tokenHashes, ...options }: ClaimOptions & { readonly tokenHashes: readonly string[] }): Promise<{
    readonly claimed: readonly Claimed[]
    readonly held: readonly HeldTask[]
  }> {
    const seen = await this.#database.read((db) => selectTasks(db, options, tokenHashes.length))
    if (seen.chosen.length === 0) return { claimed: [], held: seen.held }
    return this.#database.write(async (tx) => {
      const { chosen, held } = await selectTasks(tx, options, tokenHashes.length)
      const claimed: Claimed[] = []
      for (const [index, task] of chosen.entries()) claimed.push(await takeTask(tx, task, options, tokenHashes[index]!))
      return { claimed, held }
    })
  }

  /** Notes where the worker of a claim runs. @throws BoardError `CLAIM_LOST` */
  async spawned(
    claim: Claim,
    { pid, processStarted, workspace }: { readonly pid?: number; readonly processStarted?: string; readonly workspace?: string },
  ): Promise<void> {
    const at = this.#clock.now()
    await this.#database.write(async (tx) => {
      await requireCurrent(tx, claim)
      const { dispatcher } = await tx
        .updateTable('run')
        .set({ spawned_at: at, pid: pid ?? null, process_started: processStarted ?? null, workspace: workspace ?? null })
        .where('id', '=', claim.runId)
        .returning('dispatcher')
        .executeTakeFirstOrThrow()
      const payload = { ...(pid !== undefined && { pid }) }
      await appendEvent(tx, { kind: 'task.spawned', actor: dispatcherActor(dispatcher), payload, taskNumber: claim.taskNumber, runId: claim.runId, at })
    })
  }

  /** Extends the leases of all these workers in one transaction, and tells which have lost their claim and what is wanted of the others. */
  async heartbeat(beats: readonly Heartbeat[], leaseMs: number): Promise<HeartbeatAnswer> {
    if (beats.length === 0) return { lost: [], wishes: [] }
    return this.#database.write((tx) => extendLeases(tx, beats, leaseMs, this.#clock.now()))
  }

  /** Books what an attempt has cost since it last said so. @throws BoardError `CLAIM_LOST` */
  async spend(claim: Claim, spend: Spend): Promise<void> {
    await this.#database.write(async (tx) => {
      await requireCurrent(tx, claim)
      await addSpend(tx, [{ runId: claim.runId, taskNumber: claim.taskNumber, spend }], this.#clock.now())
    })
  }

  /** @throws BoardError `CLAIM_LOST` */
  complete(claim: Claim, completion: Completion): Promise<void> {
    return this.#database.write((tx) => completeRun(tx, claim, completion, this.#clock.now()))
  }

  /** A task that is blocked again for the reason it was blocked for last goes back to triage. @throws BoardError `CLAIM_LOST`, `INVALID` */
  block(claim: Claim, blocking: Blocking): Promise<void> {
    return this.#database.write((tx) => blockRun(tx, claim, blocking, this.#clock.now()))
  }

  /** @throws BoardError `CLAIM_LOST` */
  requestReview(claim: Claim, request: ReviewRequest): Promise<void> {
    return this.#database.write((tx) => requestReviewOfRun(tx, claim, request, this.#clock.now()))
  }

  /** Gives a task back to who did it. @throws BoardError `CLAIM_LOST`, `INVALID`, and `ILLEGAL_TRANSITION` when it was not claimed for a review */
  requestChanges(claim: Claim, request: ChangesRequest): Promise<void> {
    return this.#database.write((tx) => requestChangesOfRun(tx, claim, request, this.#clock.now()))
  }

  /** Ends an attempt that failed; the task is tried again, or given up. @throws BoardError `CLAIM_LOST` */
  fail(claim: Claim, failure: RunFailure, policy: FailurePolicy): Promise<void> {
    return this.#database.write((tx) => failRun(tx, claim, failure, policy, this.#clock.now()))
  }

  /** Gives a claim back that was not needed, or not possible now: no failure. @throws BoardError `CLAIM_LOST` */
  release(claim: Claim, reason: string, { retryAt }: { readonly retryAt?: number } = {}): Promise<void> {
    return this.#database.write((tx) => releaseRun(tx, claim, reason, retryAt, this.#clock.now()))
  }

  /** Takes over attempts from the dispatchers that they were read with; returns those that nobody was faster with. */
  async adopt(runs: readonly OpenRun[], dispatcher: string): Promise<readonly OpenRun[]> {
    if (runs.length === 0) return []
    return this.#database.write(async (tx) => {
      const adopted: OpenRun[] = []
      for (const { claim, run } of runs) {
        const { numUpdatedRows } = await tx
          .updateTable('run')
          .set({ dispatcher })
          .where('id', '=', claim.runId)
          .where('fence', '=', claim.fence)
          .where('dispatcher', '=', run.dispatcher)
          .where('ended_at', 'is', null)
          .executeTakeFirstOrThrow()
        if (numUpdatedRows === 1n) adopted.push({ claim, run: { ...run, dispatcher } })
      }
      return adopted
    })
  }

  /** Asks a worker to stop, pause or go on; false when its run is over, or is to stop already. @throws BoardError `RUN_NOT_FOUND` */
  wish(wish: NewWish): Promise<boolean> {
    return this.#database.write((tx) => wishOfRun(tx, wish, this.#clock.now()))
  }

  /** Says something to a worker; `undefined` when its run is over. @throws BoardError `RUN_NOT_FOUND`, `INVALID` */
  steer(runId: string, body: string, author: Actor): Promise<Steering | undefined> {
    return this.#database.write((tx) => insertSteering(tx, { runId, body, author }, this.#clock.now()))
  }

  /** What a worker has not heard yet, as heard from now on. @throws BoardError `CLAIM_LOST` */
  async takeSteering(claim: Claim): Promise<readonly Steering[]> {
    const isWaiting = await this.#database.read(async (db) => {
      await requireCurrent(db, claim)
      return hasSteering(db, claim.runId)
    })
    if (!isWaiting) return []
    return this.#database.write(async (tx) => {
      await requireCurrent(tx, claim)
      return takeSteering(tx, claim.runId, this.#clock.now())
    })
  }

  /** Writes down why tasks that could run do not; writes nothing when that is known. */
  async setWaiting(rows: readonly NewWaiting[]): Promise<void> {
    if (rows.length === 0 || (await this.#database.read((db) => changedWaiting(db, rows))).length === 0) return
    await this.#database.write(async (tx) => writeWaiting(tx, await changedWaiting(tx, rows), this.#clock.now()))
  }
}
