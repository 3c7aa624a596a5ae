import type { Env, Clock, Log } from '@talaria/core'
import { BoardError, type BoardStores, type Claim, type OpenRun, type RunFailure, type RunOutcome, type Spend, type TaskDetail } from '@talaria/db'
import { attachArtifacts } from './attach-artifacts.ts'
import { CheckError } from './check-error.ts'
import { problemOf, type CheckProblem } from './completion-checks.ts'
import type { PullRequestChecks } from './pull-request-checks.ts'
import type { RunEnds } from './run-ends.ts'
import { spendSince } from './spend-since.ts'
import type { BlockBody, CompleteBody, EndAnswer, FailBody, RequestChangesBody, RequestReviewBody } from './worker-protocol.ts'

/** Completions of one attempt that may lack something; whoever has not understood by then does not. */
const MOST_REFUSALS = 3

/** Attempts whose refusals are counted; those that ended otherwise are forgotten in the order in which they came. */
const MOST_COUNTED = 1_000

/** How soon the checks of an attempt that is over are ended. */
const LOOK_MS = 500

export interface CompletionOptions {
  readonly storesOf: (board: string) => BoardStores
  /** What follows from a failure. */
  readonly failed: (claim: Claim, failure: RunFailure) => Promise<void>
  /** Makes or finds the folder that a task is worked on in. */
  readonly prepare: (board: string, task: TaskDetail) => Promise<string>
  readonly pullRequests: PullRequestChecks
  /** What the commands of checks see of the environment; none of our keys. */
  readonly env: Env
  /** Ends the checks that are under way; their attempts go on, and say again what they said. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
}

type CostlyEnd = { readonly spend?: CompleteBody['spend'] | undefined }

/**
 * The ways out of an attempt: what is complete has passed its checks, has been approved of where a gate asks for it, and
 * its files are on the board before it says so.
 */
export class Completion implements RunEnds {
  readonly #options: CompletionOptions
  readonly #completing = new Map<string, Promise<EndAnswer>>()
  readonly #refusals = new Map<string, number>()

  constructor(options: CompletionOptions) {
    this.#options = options
  }

  /** A worker that lost its connection asks again while its checks are still running: they run once. */
  complete(open: OpenRun, said: CompleteBody): Promise<EndAnswer> {
    const { runId } = open.claim
    const known = this.#completing.get(runId)
    if (known) return known
    const completing = this.#complete(open, said).finally(() => this.#completing.delete(runId))
    this.#completing.set(runId, completing)
    return completing
  }

  async block(open: OpenRun, { reason, kind, spend }: BlockBody): Promise<EndAnswer> {
    await this.#claimsOf(open).block(open.claim, { reason, kind, ...(await this.#costs(open, { spend })) })
    return this.#over(open)
  }

  async requestReview(open: OpenRun, { summary, reviewer, metadata, spend }: RequestReviewBody): Promise<EndAnswer> {
    const request = { summary, ...(reviewer !== undefined && { reviewer }), ...(metadata && { metadata }) }
    await this.#claimsOf(open).requestReview(open.claim, { ...request, ...(await this.#costs(open, { spend })) })
    return this.#over(open)
  }

  async requestChanges(open: OpenRun, { reason, spend }: RequestChangesBody): Promise<EndAnswer> {
    await this.#claimsOf(open).requestChanges(open.claim, { reason, ...(await this.#costs(open, { spend })) })
    return this.#over(open)
  }

  async fail(open: OpenRun, { retryAfterMs, spend, ...failure }: FailBody): Promise<EndAnswer> {
    const isRepeated = await this.#hasEndedBy(open, ['failed', 'gave_up', 'rate_limited'])
    if (!isRepeated) {
      const { spend: costs } = await this.#costs(open, { spend })
      if (costs) await this.#claimsOf(open).spend(open.claim, costs)
      const retryAt = retryAfterMs === undefined ? {} : { retryAt: this.#options.clock.now() + retryAfterMs }
      await this.#options.failed(open.claim, { ...failure, ...retryAt })
    }
    return this.#over(open)
  }

  async #complete(open: OpenRun, said: CompleteBody): Promise<EndAnswer> {
    const { claim } = open
    if (await this.#hasEndedBy(open, ['completed', 'review_requested'])) return this.#over(open)
    const stores = this.#options.storesOf(claim.board)
    const task = await stores.tasks.get(claim.taskNumber)
    if (!task) throw lost(claim)
    const workspace = open.run.workspace ?? (await this.#options.prepare(claim.board, task))
    // That it cannot be done is an answer; neither tests nor people are asked whether it is right.
    if (said.verdict === 'success') await this.#check(open, { task, workspace, metadata: said.metadata })
    const attached = await attachArtifacts(stores, { claim, workspace, paths: said.artifacts })
    if ('problems' in attached) return this.#refuse(open, attached.problems)
    const { summary, result, metadata, verdict } = said
    const end = {
      summary,
      artifacts: attached.names,
      ...(result !== undefined && { result }),
      ...(metadata && { metadata }),
      ...(await this.#costs(open, said)),
    }
    const gates = verdict === 'success' ? (task.settings.gates ?? []).filter(({ kind }) => kind === 'person') : []
    try {
      if (gates.length > 0) await stores.claims.requestReview(claim, { ...end, gates })
      else await stores.claims.complete(claim, { ...end, verdict })
    } catch (error) {
      // Somebody else has the task by now, and will have files of its own.
      for (const id of attached.ids) await stores.attachments.remove(id, `worker:${claim.runId}`)
      throw error
    }
    return this.#over(open)
  }

  /** Checks, and the gates at which a command decides, in their order; all of them, so that all that is missing is said at once. */
  async #check(open: OpenRun, { task, workspace, metadata }: { task: TaskDetail; workspace: string; metadata: CompleteBody['metadata'] }): Promise<void> {
    const { checks = [], gates = [] } = task.settings
    const { env, pullRequests, clock, signal } = this.#options
    const problems: CheckProblem[] = []
    const over = new AbortController()
    const watching = this.#abortWhenOver(open.claim, over)
    try {
      const world = { env, pullRequests, clock, signal: AbortSignal.any([signal, over.signal]) }
      for (const check of [...checks, ...gates.filter((gate) => gate.kind === 'command')]) {
        const problem = await problemOf(check, { open, task, workspace, metadata }, world)
        if (problem) problems.push(problem)
      }
    } finally {
      over.abort('checked')
      await watching
    }
    const failed = problems.filter(({ state }) => state === 'failed')
    if (failed.length > 0)
      await this.#refuse(
        open,
        failed.map(({ problem }) => problem),
      )
    if (problems.length === 0) return
    const pending = problems.map(({ problem }) => problem)
    throw new CheckError('CHECK_PENDING', `It is not known yet whether it is complete. ${pending.join('\n')}`, { details: { pending } })
  }

  /** Ends the checks of an attempt that is over: its workspace is the next one's by then. */
  async #abortWhenOver(claim: Claim, over: AbortController): Promise<void> {
    const { storesOf, clock } = this.#options
    for (;;) {
      await clock.delay(LOOK_MS, over.signal).catch(() => {})
      if (over.signal.aborted) return
      // A board that cannot be read says nothing; the end of the completion will.
      const run = await storesOf(claim.board)
        .claims.get(claim.runId)
        .catch(() => undefined)
      if (run && run.endedAt !== null) over.abort(lost(claim))
    }
  }

  /** @throws CheckError always; after too many the attempt has failed. */
  async #refuse(open: OpenRun, failed: readonly string[]): Promise<never> {
    const { runId } = open.claim
    const count = (this.#refusals.get(runId) ?? 0) + 1
    const message = `It is not complete. ${failed.join('\n')}`
    if (count < MOST_REFUSALS) {
      this.#refusals.set(runId, count)
      if (this.#refusals.size > MOST_COUNTED) this.#refusals.delete(this.#refusals.keys().next().value!)
      throw new CheckError('CHECK_FAILED', message, { details: { failed, attemptsLeft: MOST_REFUSALS - count } })
    }
    await this.#options.failed(open.claim, { class: 'task', code: 'checks_failed', message: message.slice(0, 4_000) })
    this.#refusals.delete(runId)
    throw new CheckError('CHECKS_EXHAUSTED', `${message}\nThat was the last time; the attempt is over.`, { details: { failed } })
  }

  /** What an end adds to what has been booked. Read now: a heartbeat may have said the same a moment ago. */
  async #costs({ claim }: OpenRun, { spend }: CostlyEnd): Promise<{ readonly spend?: Spend }> {
    const run = spend && (await this.#options.storesOf(claim.board).claims.get(claim.runId))
    return run ? { spend: spendSince(run.spend, spend) } : {}
  }

  /** Whether an attempt has ended so already: its worker has not heard the answer. @throws BoardError `CLAIM_LOST` when it has ended otherwise */
  async #hasEndedBy({ claim }: OpenRun, outcomes: readonly RunOutcome[]): Promise<boolean> {
    const run = await this.#options.storesOf(claim.board).claims.get(claim.runId)
    if (run && run.endedAt === null) return false
    if (run?.outcome && outcomes.includes(run.outcome)) return true
    throw lost(claim)
  }

  async #over({ claim }: OpenRun): Promise<EndAnswer> {
    this.#refusals.delete(claim.runId)
    const task = await this.#options.storesOf(claim.board).tasks.get(claim.taskNumber)
    this.#options.log.info({ board: claim.board, task: claim.taskNumber, run: claim.runId, state: task?.state }, 'an attempt has ended')
    return { state: task?.state ?? 'archived' }
  }

  #claimsOf({ claim }: OpenRun) {
    return this.#options.storesOf(claim.board).claims
  }
}

function lost({ runId, taskNumber }: Claim): BoardError {
  return new BoardError('CLAIM_LOST', `#${taskNumber} is not, or no longer, run ${runId}'s to write about.`, { details: { taskNumber, runId } })
}
