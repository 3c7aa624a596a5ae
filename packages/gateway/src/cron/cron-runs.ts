import { codeOf, messageOf, type Clock, type Log } from '@talaria/core'
import { DatabaseError, type ClaimedCronRun, type CronSettlement, type GatewayStores } from '@talaria/db'
import { ApiError } from '../api/api-error.ts'
import type { LiveTurn } from '../turns/live-turn.ts'
import type { Runner } from '../turns/runner.ts'
import { TurnAborted } from '../turns/turn-aborted.ts'
import type { Turns } from '../turns/turns.ts'
import { deliveryOf, type DeliveryOptions } from './delivery-of.ts'
import { runJob, type JobEnding } from './run-job.ts'

/** A gateway that takes no turn just now is asked again so soon. */
const REFUSED_RETRY_MS = 5_000

/** Between two attempts to write how a run ended. */
const SETTLE_RETRY_MS = 5_000

const LONGEST_BACKOFF_MS = 86_400_000

/** Why runs are ended early, as their turns are told. */
const CANCEL_REASONS: Readonly<Record<string, string>> = {
  replaced: 'The next time of the job came before it was over.',
  job_deleted: 'The job was deleted.',
}

export interface CronRunsOptions extends Omit<DeliveryOptions, 'chats'> {
  readonly stores: GatewayStores
  readonly turns: Turns
  readonly runner: Runner
  readonly clock: Clock
  readonly log: Log
  readonly defaultModel: string
  /** Told when one is over, so that the next may begin. */
  readonly onOver: () => void
}

/** The runs of jobs that this process works on, from their claim to their end on disk. */
export class CronRuns {
  readonly #options: CronRunsOptions
  readonly #active = new Map<string, { readonly done: Promise<void>; live?: LiveTurn }>()
  readonly #settledCounts: Record<string, number> = {}
  readonly #stopped = new AbortController()

  constructor(options: CronRunsOptions) {
    this.#options = options
  }

  /** How many ended since the start, by how they ended. */
  get settledCounts(): Readonly<Record<string, number>> {
    return this.#settledCounts
  }

  /** Begins a run that was claimed. */
  begin(claimed: ClaimedCronRun): void {
    const { id } = claimed.run
    const done = this.#run(claimed).finally(() => {
      this.#active.delete(id)
      this.#options.onOver()
    })
    this.#active.set(id, { done })
  }

  /**
   * Looks after what is marked as running: ends what is to end early, and settles what died with its process (ours of
   * earlier, or another) as unknown, because nobody can say how far it came.
   */
  async lookAfter(): Promise<void> {
    const { stores, runner, turns } = this.#options
    for (const claimed of await stores.cronRuns.running()) {
      const { run } = claimed
      const active = this.#active.get(run.id)
      if (active) {
        if (run.cancelReason !== null && active.live) {
          turns.stop(active.live.turn.id, new TurnAborted('cancelled', run.cancelReason, CANCEL_REASONS[run.cancelReason] ?? 'The run was stopped.'))
        }
        continue
      }
      if (run.runner !== runner.id && (await runner.lives(run.runner!))) continue
      if (run.runner !== runner.id && !(await stores.cronRuns.adopt(run.id, run.runner!, runner.id))) continue
      await this.#settle(claimed, { state: 'unknown', output: null, usage: null, error: UNKNOWN })
    }
  }

  /** Waits for the runs under way; the turns have been told to end before. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new Error('the gateway stops'))
    await Promise.all([...this.#active.values()].map(({ done }) => done))
  }

  /** Never rejects. */
  async #run(claimed: ClaimedCronRun): Promise<void> {
    const { stores, runner, clock, log } = this.#options
    const { run } = claimed
    try {
      const ending = await this.#work(claimed)
      await this.#settleUntilDone(claimed, ending)
    } catch (error) {
      // Refused, not failed: nothing of it was done, so it waits in the queue, for whichever gateway is free.
      log.info({ err: error, job: run.jobId, run: run.id }, 'a cron run could not begin; trying again')
      await stores.cronRuns
        .retry(run.id, runner.id, { at: clock.now() + REFUSED_RETRY_MS, error: null, isAttempt: false })
        .catch((problem: unknown) => log.error({ err: problem, run: run.id }, 'a cron run could not be given back; it will be found'))
    }
  }

  /** @throws ApiError, DatabaseError when it cannot begin at the moment. */
  async #work(claimed: ClaimedCronRun): Promise<JobEnding> {
    const { stores, turns, runner, clock, log, defaultModel } = this.#options
    const { id } = claimed.run
    let hasBegun = false
    try {
      return await runJob(claimed, {
        turns,
        clock,
        defaultModel,
        onBegun: async (live) => {
          hasBegun = true
          this.#active.set(id, { done: this.#active.get(id)!.done, live })
          await stores.cronRuns.begun(id, runner.id, { turnId: live.turn.id, sessionId: live.turn.sessionId })
        },
      })
    } catch (error) {
      if (!hasBegun && (error instanceof ApiError || error instanceof DatabaseError)) throw error
      log.error({ err: error, run: id }, 'a cron run failed')
      return { state: 'failed', output: null, usage: null, error: { code: codeOf(error) ?? 'server_error', message: messageOf(error) } }
    }
  }

  async #settleUntilDone(claimed: ClaimedCronRun, ending: JobEnding): Promise<void> {
    const { clock, log } = this.#options
    for (let isFirst = true; isFirst || !this.#stopped.signal.aborted; isFirst = false) {
      try {
        return await this.#settle(claimed, ending)
      } catch (error) {
        if (isFirst) log.error({ err: error, run: claimed.run.id }, 'the end of a cron run could not be written; trying again until it can')
        await clock.delay(SETTLE_RETRY_MS, this.#stopped.signal).catch(() => {})
      }
    }
  }

  /** Writes how a run ended, with what it sends; or has it tried again, where its job says so. */
  async #settle({ job, run }: ClaimedCronRun, ending: JobEnding): Promise<void> {
    const { stores, runner, clock, log } = this.#options
    if (mayRetry(job, run, ending.state)) {
      const at = clock.now() + Math.min(job.retryBackoffMs * 2 ** (run.attempt - 1), LONGEST_BACKOFF_MS)
      await stores.cronRuns.retry(run.id, runner.id, { at, error: ending.error, isAttempt: true })
      return
    }
    const stored = await stores.cronRuns.get(job.id, run.id)
    const said = saidOf(job.name, ending)
    const sent = said ? await deliveryOf(job, { ...said, turnId: stored?.turnId ?? null }, { ...this.#options, chats: stores.chats }) : NOTHING
    if (!(await stores.cronRuns.settle(run.id, runner.id, { ...ending, ...sent, finishedAt: clock.now() }))) return
    this.#settledCounts[ending.state] = (this.#settledCounts[ending.state] ?? 0) + 1
    log[ending.state === 'completed' ? 'info' : 'warn']({ job: job.id, run: run.id, state: ending.state, code: ending.error?.code }, 'a cron run is over')
    await this.#markSession(job.deliver, stored?.sessionId)
  }

  /** A session whose output went nowhere else is shown as unread; one that nobody is to see is hidden. */
  async #markSession(deliver: readonly string[], sessionId: string | null | undefined): Promise<void> {
    if (!sessionId) return
    const changes = { ...(deliver.includes('none') && { hidden: true }), ...((deliver.includes('session') || deliver.includes('local')) && { unread: true }) }
    if (Object.keys(changes).length > 0) await this.#options.stores.sessions.update(sessionId, { all: true }, changes)
  }
}

const NOTHING = { deliveries: [], outbound: [] } as const
const UNKNOWN = { code: 'gateway_died', message: 'The gateway ended while it ran, so nobody knows how far it came.' }

function mayRetry(job: ClaimedCronRun['job'], run: ClaimedCronRun['run'], state: CronSettlement['state']): boolean {
  if (run.cancelReason !== null) return false
  if (state === 'unknown') return job.retryUnknown && run.attempt <= Math.max(1, job.retries)
  return state === 'failed' && run.attempt <= job.retries
}

function saidOf(name: string, { state, output, error }: JobEnding): { readonly text: string; readonly isFailure: boolean } | undefined {
  if (state === 'cancelled') return undefined
  if (state === 'completed') return { text: output ?? '', isFailure: false }
  return { text: `Cron job '${name}' ${state === 'failed' ? 'failed' : 'may not have finished'}: ${error?.message ?? 'no reason is known'}`, isFailure: true }
}
