import { startLoop, type Loop } from '@talaria/core'
import { CronRuns, type CronRunsOptions } from './cron-runs.ts'
import { planFiring } from './plan-firing.ts'

/** Looked at this often even when nobody says that there is something to do: a clock that was put forward tells nobody. */
const SAFETY_MS = 15_000

/** Other processes and routes write often; this much later a change is early enough. */
const CHANGES_PAUSE_MS = 250

/** Jobs that are fired with one look. */
const FIRE_STEP = 100

const PRUNE_EVERY_MS = 3_600_000

/** Runs of each job that are kept however old they are. */
const RUNS_KEPT_ALWAYS = 20

export interface CronSchedulerOptions extends Omit<CronRunsOptions, 'onOver'> {
  /** Runs at once, of all gateways of this home. */
  readonly maxParallel: number
  /** How long runs are kept after their end; `undefined` keeps them for ever. */
  readonly runsKeptMs: number | undefined
  /** Whether an operator wishes that nothing new begins; what is due waits until then. */
  readonly isPaused: () => Promise<boolean>
}

/**
 * Fires jobs when their time has come, and runs what has been fired. It sleeps until something is due and is woken by
 * changes of the database; several gateways of one home each have one, and each time of a job is fired once.
 */
export class CronScheduler implements AsyncDisposable {
  readonly #options: CronSchedulerOptions
  readonly #runs: CronRuns
  readonly #stop = new AbortController()
  #loop: Loop | undefined
  #following: Promise<void> | undefined
  #alarm = new AbortController()
  #prunedAt = -Infinity
  #fired = 0
  #lateMs = 0

  constructor(options: CronSchedulerOptions) {
    this.#options = options
    this.#runs = new CronRuns({ ...options, onOver: () => this.wake() })
  }

  /** Since the start: how many runs were begun, by how much they were late in sum, and how those that are over ended. */
  get counts(): { readonly begun: number; readonly lateMs: number; readonly settled: Readonly<Record<string, number>> } {
    return { begun: this.#fired, lateMs: this.#lateMs, settled: this.#runs.settledCounts }
  }

  start(): void {
    const { clock, log } = this.#options
    this.#loop = startLoop({ name: 'cron', everyMs: SAFETY_MS, clock, log, step: (signal) => this.#step(signal) })
    this.#following = this.#follow()
  }

  /** Looks now whether there is something to do. */
  wake(): void {
    this.#loop?.wake()
  }

  /** Fires nothing more, and waits for the runs under way; the turns have been drained before. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('cron stops'))
    this.#alarm.abort(new Error('cron stops'))
    await this.#loop?.[Symbol.asyncDispose]()
    await this.#following
    await this.#runs[Symbol.asyncDispose]()
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { stores, runner, turns, clock } = this.#options
    if (turns.isDraining) return
    if (!runner.isRegistered) await runner.register()
    await this.#runs.lookAfter()
    if (await this.#options.isPaused()) return
    await this.#fire(signal)
    await this.#claim()
    await this.#setAlarm()
    const { runsKeptMs } = this.#options
    if (runsKeptMs === undefined || clock.monotonic() - this.#prunedAt < PRUNE_EVERY_MS) return
    this.#prunedAt = clock.monotonic()
    await stores.cronRuns.prune({ before: clock.now() - runsKeptMs, keep: RUNS_KEPT_ALWAYS }, signal)
  }

  /** Writes the runs of every job whose time has come. */
  async #fire(signal: AbortSignal): Promise<void> {
    const { stores, clock, log } = this.#options
    const failed = new Set<string>()
    while (!signal.aborted) {
      const now = clock.now()
      const jobs = (await stores.cron.due(now, FIRE_STEP + failed.size)).filter(({ id }) => !failed.has(id))
      if (jobs.length === 0) return
      for (const job of jobs) {
        try {
          await stores.cron.fire(job, planFiring(job, now), now)
        } catch (error) {
          // A job that cannot be fired, such as one of a zone that the system does not know any more, holds up no other.
          failed.add(job.id)
          log.error({ err: error, job: job.id }, 'a cron job could not be fired; trying again')
        }
      }
    }
  }

  async #claim(): Promise<void> {
    const { stores, runner, turns, clock, maxParallel } = this.#options
    if (turns.isDraining) return
    const now = clock.now()
    for (const claimed of await stores.cronRuns.claim({ runner: runner.id, now, maxRunning: maxParallel })) {
      this.#fired += 1
      if (claimed.run.attempt === 1) this.#lateMs += Math.max(0, now - claimed.run.dueAt)
      this.#runs.begin(claimed)
    }
  }

  /** Wakes the loop when the next thing is due. What is due already waits for a run to end, which wakes it too. */
  async #setAlarm(): Promise<void> {
    const { stores, clock } = this.#options
    this.#alarm.abort(new Error('there is a newer one'))
    if (this.#stop.signal.aborted) return
    const now = clock.now()
    const at = await stores.cronRuns.nextAt(now)
    const alarm = (this.#alarm = new AbortController())
    if (at === undefined || this.#stop.signal.aborted) return
    void clock.delay(at - now, alarm.signal).then(
      () => this.wake(),
      () => {},
    )
  }

  /** Never rejects; without it the safety tick does. */
  async #follow(): Promise<void> {
    const { stores, clock, log } = this.#options
    const { signal } = this.#stop
    try {
      for await (const _ of stores.cron.changes(signal)) {
        this.wake()
        await clock.delay(CHANGES_PAUSE_MS, signal)
      }
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'cron does not hear of changes any more; it looks by itself')
    }
  }
}
