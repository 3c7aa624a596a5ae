import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { createId, startLoop, type Clock, type Log, type Loop } from '@talaria/core'
import type { Runner as RunnerRecord, RunnerStore } from '@talaria/db'

const HEARTBEAT_MS = 10_000

/** Three heartbeats and a bit: a process that was merely slow is not given up. */
const SILENCE_MS = 35_000

export interface RunnerOptions {
  readonly runners: RunnerStore
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

  constructor(options: RunnerOptions) {
    this.id = createId('runner', options.clock.now())
    this.#options = options
  }

  /** Registers and keeps saying that it lives; goes on trying where the database refuses. */
  async start(): Promise<void> {
    const { clock, log } = this.#options
    await this.#beat()
    this.#loop = startLoop({ name: 'heartbeat', everyMs: HEARTBEAT_MS, clock, log, step: () => this.#beat() })
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
    if (this.#isRegistered) await this.#options.runners.remove(this.id)
    this.#isRegistered = false
  }

  async #beat(): Promise<void> {
    if (this.#isRegistered && (await this.#options.runners.heartbeat(this.id))) return
    // The first time, or another gateway took this one for dead: its turns are gone, but new ones are its own again.
    await this.#options.runners.register({ id: this.id, host: hostname(), pid: process.pid, processStarted: processStart(process.pid) ?? null })
    this.#isRegistered = true
  }

  #isAlive(runner: RunnerRecord): boolean {
    const isHere = runner.host === hostname()
    // On this host the process itself is the witness, where the system can tell it from a later one of its number.
    if (isHere && runner.processStarted !== null) return processStart(runner.pid) === runner.processStarted
    return this.#options.clock.now() - runner.heartbeatAt < SILENCE_MS
  }
}

/** When a process began, in a form that a later process of the same number does not share; Linux only. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22 of proc(5); the second field holds the name in brackets and may hold anything.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${started}`
  } catch {
    return undefined
  }
}
