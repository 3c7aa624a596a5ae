import { hostname } from 'node:os'
import { createId, isProcessAlive, processStarted, startLoop, type Clock, type Log, type Loop } from '@talaria/core'
import type { Runner as RunnerRecord, RunnerStore, TurnReader } from '@talaria/db'

const HEARTBEAT_MS = 10_000

/** Three heartbeats and a bit: a process that was merely slow is not given up. */
const SILENCE_MS = 35_000

export interface RunnerOptions {
  readonly runners: RunnerStore
  readonly turns: TurnReader
  readonly clock: Clock
  readonly log: Log
}

/**
 * This process as one that runs turns: it says that it lives, and can tell whether another still does. Several gateways
 * may work on one home; whose turns are whose is decided by this.
 */
export class Runner implements AsyncDisposable {
  readonly id: string
  readonly #options: RunnerOptions
  #loop: Loop | undefined
  #isRegistered = false
  #registering: Promise<void> | undefined

  constructor(options: RunnerOptions) {
    this.id = createId('runner', options.clock.now())
    this.#options = options
  }

  /** Registers and keeps saying that it lives. Where the database refuses, it goes on trying. */
  async start(): Promise<void> {
    const { clock, log } = this.#options
    await this.#beat().catch((error: unknown) => log.error({ err: error }, 'this gateway could not register; trying again'))
    this.#loop = startLoop({ name: 'heartbeat', everyMs: HEARTBEAT_MS, firstAfterMs: HEARTBEAT_MS, clock, log, step: () => this.#beat() })
  }

  /** Whether others can know that it lives; only then may it take on turns. */
  get isRegistered(): boolean {
    return this.#isRegistered
  }

  /** Registers now, if it has not yet; several callers at once do it once. */
  register(): Promise<void> {
    this.#registering ??= this.#enter().finally(() => (this.#registering = undefined))
    return this.#registering
  }

  /** Runners of this database that are no more. */
  async dead(): Promise<readonly string[]> {
    const runners = await this.#options.runners.list()
    return runners.filter((runner) => runner.id !== this.id && !this.#isAlive(runner)).map((runner) => runner.id)
  }

  /** Whether the runner with this id may still be working. */
  async lives(id: string): Promise<boolean> {
    if (id === this.id) return true
    const runner = (await this.#options.runners.list()).find((one) => one.id === id)
    return runner !== undefined && this.#isAlive(runner)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop?.[Symbol.asyncDispose]()
    await this.#leave().catch((error: unknown) =>
      this.#options.log.warn({ err: error }, 'this gateway could not sign off; the next one finds out that it is gone'),
    )
    this.#isRegistered = false
  }

  /** A turn that could not be settled is found by the next gateway under the name of one that is gone. */
  async #leave(): Promise<void> {
    const { runners, turns } = this.#options
    if (this.#isRegistered && (await turns.underWay(this.id)).length === 0) await runners.remove(this.id)
  }

  async #beat(): Promise<void> {
    if (this.#isRegistered && (await this.#options.runners.heartbeat(this.id))) return
    // The first time, or another gateway took this one for dead: its turns are gone, but new ones are its own again.
    this.#isRegistered = false
    await this.register()
  }

  async #enter(): Promise<void> {
    if (this.#isRegistered) return
    await this.#options.runners.register({ id: this.id, host: hostname(), pid: process.pid, processStarted: processStarted(process.pid) ?? null })
    this.#isRegistered = true
  }

  #isAlive(runner: RunnerRecord): boolean {
    const witnessed = runner.host === hostname() ? isProcessAlive({ pid: runner.pid, started: runner.processStarted }) : undefined
    return witnessed ?? this.#options.clock.now() - runner.heartbeatAt < SILENCE_MS
  }
}
