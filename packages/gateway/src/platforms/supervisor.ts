import type { Clock, Log } from '@talaria/core'
import type { SettingsTable } from '@talaria/core/config'
import type { PlatformState, PlatformStatus } from '@talaria/core/contracts'
import type { InboundMessage } from '../chats/inbound-message.ts'
import type { AccountLease } from './account-lease.ts'
import type { AccountLeases } from './account-leases.ts'
import { Attempt, type AttemptOptions } from './attempt.ts'
import { BackOff } from './back-off.ts'
import type { PlatformDefinition, Reception } from './definition.ts'
import { startLiveness } from './liveness.ts'
import { PlatformCounts } from './platform-counts.ts'
import type { Platform, PlatformPlan, PlatformService } from './platform.ts'
import type { PlatformError, PlatformErrorCode } from './platform-error.ts'
import { platformScope } from './platform-scope.ts'
import { platformErrorOf } from './platform-error-of.ts'
import { StateRecorder, type PlatformRecords } from './state-recorder.ts'

/** A connection that lived this long was sound, whatever ended it. */
const HEALTHY_AFTER_MS = 60_000

/** While another gateway of the home is connected: how soon one that died or left is noticed. */
const STANDBY_MS = 2_000

/** While an operator has paused it: how soon it is noticed that another gateway was told to resume. */
const PAUSED_MS = 10_000

export interface PlatformSupervisorOptions {
  readonly definition: PlatformDefinition
  /** The gateway's; those of the definition are among them. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Takes in what `platform` receives; see `ConnectContext.receive`. */
  readonly receive: (platform: string, message: InboundMessage) => Promise<Reception>
  readonly records: PlatformRecords
  readonly leases: Pick<AccountLeases, 'claim'>
  /** From 0 to below 1, for jitter. */
  readonly random: () => number
  readonly clock: Clock
  readonly log: Log
}

/** A wish of the operator under way: the attempts one after the other, until it is stopped or there is no sense in another. */
interface Run {
  readonly stop: AbortController
  readonly done: Promise<void>
}

/**
 * Keeps one platform connected: one attempt after the other, each with resources of its own, until it is stopped, paused,
 * or fails in a way that no attempt can mend. Whatever the platform does, nothing here rejects, hangs, or grows (I-2).
 */
export class PlatformSupervisor implements PlatformService {
  readonly #options: PlatformSupervisorOptions
  #plan: PlatformPlan
  readonly #log: Log
  readonly #backOff: BackOff
  readonly #counts: PlatformCounts
  readonly #recorder: StateRecorder
  #status: PlatformStatus
  readonly #firstOutcome = Promise.withResolvers<void>()
  #run: Run | undefined
  #attempt: Attempt | undefined
  #current: Platform | undefined
  #isClosed = false
  /** While another gateway has the account: the platform's states are then written down by that one. */
  #isStandby = false
  #changing: Promise<unknown> = Promise.resolve()

  /** Opens nothing; {@link start} does. */
  constructor(options: PlatformSupervisorOptions) {
    const { definition, settings, records, random, clock, log } = options
    this.#options = options
    this.#plan = definition.plan(settings)
    this.#log = log.child({ platform: definition.name })
    this.#backOff = new BackOff(random)
    this.#counts = new PlatformCounts(clock)
    this.#recorder = new StateRecorder({ platform: definition.name, records, log: this.#log })
    const [state, reason] = this.#plan.state === 'ready' ? (['stopped', null] as const) : [this.#plan.state, this.#plan.reason]
    this.#status = { name: definition.name, state, reason, since: clock.now(), nextAttemptAt: null, attempts: 0 }
  }

  get name(): string {
    return this.#options.definition.name
  }

  /** What can be set of it. */
  get settings(): SettingsTable {
    return this.#options.definition.settings
  }

  get status(): PlatformStatus {
    return { ...this.#status, attempts: this.#counts.attempts }
  }

  /** The platform while it is connected; for delivery. */
  get current(): Platform | undefined {
    return this.#current
  }

  /** Milliseconds connected since the start. */
  get connectedMs(): number {
    return this.#counts.connectedMs
  }

  /** How often it failed since the start, by code. */
  get failures(): ReadonlyMap<PlatformErrorCode, number> {
    return this.#counts.failures
  }

  /** Whether its settings let it be started at all. */
  get isReady(): boolean {
    return this.#plan.state === 'ready'
  }

  /** What answers the requests below its path on the gateway's listener; `undefined` while nothing does. */
  get mounted(): ((request: Request) => Response | Promise<Response>) | undefined {
    const mounted = this.#attempt?.mounted
    return mounted && ((request) => platformScope.run(this.name, () => mounted(request)))
  }

  async start(): Promise<void> {
    if (this.#plan.state === 'not_configured' || this.#plan.state === 'disabled') return
    if (this.#plan.state !== 'ready') return this.#log.warn({ state: this.#plan.state }, this.#plan.reason)
    await this.#change(async () => {
      if (!this.#run && !this.#isClosed) this.#become('connecting')
      this.#begin()
    })
    await this.#firstOutcome.promise
  }

  /** Disconnects, and stays so over restarts until {@link resume}. `false` when it could not be started anyway. Rejects when the wish could not be stored. */
  pause(): Promise<boolean> {
    return this.#control(async () => {
      await this.#options.records.setPaused(this.name, true)
      await this.#end()
      this.#pausedFor(PAUSED_MS)
      // Another gateway of the home may be told to resume.
      this.#begin()
    })
  }

  /** Ends a pause. `false` when it could not be started anyway. Rejects when the wish could not be stored. */
  resume(): Promise<boolean> {
    return this.#control(async () => {
      await this.#options.records.setPaused(this.name, false)
      if (this.#status.state === 'paused') await this.#again()
    })
  }

  /** Gives up the present connection or wait, and makes an attempt at once. `false` when it is paused, or could not be started. */
  reconnect(): Promise<boolean> {
    return this.#control(async () => {
      if (this.#status.state === 'paused') return false
      await this.#again()
    })
  }

  /** Looks at its settings anew, which have changed, and connects with them if they let it; a pause stays. Resolves when the old connection is gone. */
  async reconfigure(): Promise<void> {
    const { definition, settings } = this.#options
    await this.#change(async () => {
      if (this.#isClosed) return
      await this.#end()
      this.#plan = definition.plan(settings)
      this.#backOff.reset()
      if (this.#plan.state === 'ready') this.#begin()
      else this.#become(this.#plan.state, this.#plan.reason)
    })
  }

  /** Takes the present attempt for dead of this, whatever it says itself; another follows as after any failure. */
  giveUp(error: PlatformError): void {
    this.#attempt?.end(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#run?.stop.abort()
    await this.#change(async () => {
      await this.#end()
      if (this.isReady) this.#become('stopped')
    })
    await this.#recorder.written()
  }

  #control(work: () => Promise<void | false>): Promise<boolean> {
    return this.#change(async () => {
      if (!this.isReady || this.#isClosed) return false
      return (await work()) !== false
    })
  }

  /** One wish after the other: a pause that waits for a slow disposal is not overtaken by a resume. */
  #change<Result>(work: () => Promise<Result>): Promise<Result> {
    const changed = this.#changing.then(work)
    this.#changing = changed.catch(() => {})
    return changed
  }

  async #again(): Promise<void> {
    await this.#end()
    this.#backOff.reset()
    this.#become('connecting')
    this.#begin()
  }

  #begin(): void {
    if (this.#isClosed || this.#run) return
    const stop = new AbortController()
    this.#run = { stop, done: this.#keepConnected(stop.signal) }
  }

  async #end(): Promise<void> {
    this.#run?.stop.abort()
    await this.#run?.done
    this.#run = undefined
  }

  async #keepConnected(stop: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = await this.#attemptOnce(stop)
      if (stop.aborted || waitMs === undefined) return
      // Rejects only when it is stopped, which the next look finds.
      await this.#options.clock.delay(waitMs, stop).catch(() => {})
      if (stop.aborted) return
    }
  }

  /** Resolves, all that was opened being disposed, with how long to wait before another attempt; `undefined` when there is no sense in one. */
  async #attemptOnce(stop: AbortSignal): Promise<number | undefined> {
    const { definition, settings, records, leases } = this.#options
    try {
      // Asked each time: what cannot be read now is a failure like any other, and must not undo a pause.
      if ((await records.paused()).has(this.name)) return this.#pausedFor(PAUSED_MS)
      const account = definition.accountOf(settings)
      const claim = account === undefined ? { lease: undefined } : await leases.claim(this.name, account)
      if ('heldBy' in claim) return this.#standBy(claim.heldBy)
      await using lease = claim.lease
      this.#isStandby = false
      return this.#failed(await this.#live(stop, lease), stop)
    } catch (error) {
      return this.#failed(platformErrorOf(error), stop)
    }
  }

  async #live(stop: AbortSignal, lease: AccountLease | undefined): Promise<PlatformError> {
    const { definition, settings, receive, clock } = this.#options
    this.#become('connecting')
    const options: AttemptOptions = {
      // A copy: what changes meanwhile is the next attempt's.
      connect: (context) => definition.connect({ ...settings }, context),
      receive: (message) => platformScope.leave(() => receive(this.name, message)),
      onDegraded: () => this.#connected(attempt),
      stop,
      clock,
      log: this.#log,
    }
    await using attempt = platformScope.run(this.name, () => new Attempt(options))
    this.#counts.attempted()
    this.#attempt = attempt
    try {
      await using _lease = lease?.keep((error) => this.#replaced(attempt, error))
      this.#current = platformScope.wrap(this.name, await attempt.connect())
      const since = clock.monotonic()
      this.#counts.connected()
      this.#connected(attempt)
      this.#log.info({ account: this.#current.account }, `${definition.label} is connected.`)
      await using _liveness = startLiveness(this.#current, { clock, log: this.#log, onLost: (error) => attempt.end(error) })
      const error = await attempt.ended
      if (clock.monotonic() - since >= HEALTHY_AFTER_MS) this.#backOff.reset()
      return error
    } finally {
      this.#counts.disconnected()
      this.#attempt = undefined
      this.#current = undefined
    }
  }

  #failed(error: PlatformError, stop: AbortSignal): number | undefined {
    if (stop.aborted) return undefined
    const { connection } = error.policy
    this.#counts.failed(error.code)
    this.#log.warn({ err: error, code: error.code, kind: connection }, 'A platform is not connected.')
    if (connection !== 'retryable') {
      this.#become(connection === 'fatal' ? 'failed' : 'misconfigured', error.message)
      return undefined
    }
    const waitMs = this.#backOff.next(error.retryAfterMs)
    this.#become('backing_off', error.message, this.#options.clock.now() + waitMs)
    return waitMs
  }

  #pausedFor(waitMs: number): number {
    this.#isStandby = false
    this.#become('paused', 'Paused by an operator.')
    return waitMs
  }

  /** Another gateway of the home is connected. */
  #standBy(heldBy: string): number {
    if (!this.#isStandby) this.#log.info({ heldBy }, 'Another gateway of this home is connected; this one stands by.')
    this.#isStandby = true
    this.#become('backing_off', `The account is ${heldBy}.`, this.#options.clock.now() + STANDBY_MS)
    return STANDBY_MS
  }

  /** Another gateway is, or may be, connected from now on: the states are its to write down. */
  #replaced(attempt: Attempt, error: PlatformError): void {
    this.#isStandby = true
    attempt.end(error)
  }

  #connected(attempt: Attempt): void {
    if (this.#current === undefined) return
    this.#become(attempt.degraded === undefined ? 'connected' : 'degraded', attempt.degraded ?? null)
  }

  #become(state: PlatformState, reason: string | null = null, nextAttemptAt: number | null = null): void {
    const now = this.#options.clock.now()
    const since = state === this.#status.state ? this.#status.since : now
    this.#status = { ...this.#status, state, reason, since, nextAttemptAt }
    if (state === 'connecting') return
    if (!this.#isStandby) this.#recorder.record({ state, reason, nextAttemptAt })
    this.#firstOutcome.resolve()
  }
}
