import { join } from 'node:path'
import { codeOf, isProcessAlive, messageOf, type Clock, type Log } from '@talaria/core'
import type { BoardStores, Claim, Claimed, OpenRun, RunFailure, TaskDetail } from '@talaria/db'
import type { Executor, WorkerExit, WorkerProcess } from './executor.ts'
import { lastWords } from './last-words.ts'
import { signalGroup } from './process-executor.ts'
import { BUILT_IN_AGENT, type WorkerDefinition } from './worker-definition.ts'
import { tokenOf } from './worker-token.ts'

/** Between two looks at a process that is not our child. */
const LOOK_MS = 500

/** For a worker that was told over its socket to end by itself. */
const LAST_LINES_MS = 1_000

/** Of sysexits.h: the worker was asked to come back later. */
const EX_TEMPFAIL = 75

export interface WorkerPoolOptions {
  readonly executor: Executor
  readonly storesOf: (board: string) => BoardStores
  readonly workerOf: (assignee: string) => WorkerDefinition | undefined
  /** Makes or finds the folder that a task is worked on in. */
  readonly prepare: (board: string, task: TaskDetail) => Promise<string>
  /** Where workers find the dispatcher. */
  readonly socket: string
  /** Logs of workers: a folder a board, a file a run. */
  readonly logsFolder: string
  readonly stopGraceMs: number
  /** What follows from a failure. */
  readonly failed: (claim: Claim, failure: RunFailure, exit?: WorkerExit) => Promise<void>
  /** Called when a worker is gone and its run is over. */
  readonly onFreed: () => void
  readonly clock: Clock
  readonly log: Log
}

interface Worker {
  readonly claim: Claim
  process: WorkerProcess | undefined
  stopping: Promise<void> | undefined
}

/**
 * The workers that this dispatcher has begun or adopted. It sees to it that each has one end: what a worker said itself,
 * or what its process says by how it went. Disposing watches no longer and stops nobody: workers outlive a dispatcher.
 */
export class WorkerPool implements AsyncDisposable {
  readonly #options: WorkerPoolOptions
  readonly #workers = new Map<string, Worker>()
  readonly #watches = new Set<Promise<void>>()
  readonly #ended = new AbortController()

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#workers.size
  }

  /** Runs that are watched over here, by board. */
  runsOf(board: string): readonly Claim[] {
    return [...this.#workers.values()].map(({ claim }) => claim).filter((claim) => claim.board === board)
  }

  has(runId: string): boolean {
    return this.#workers.has(runId)
  }

  /** Begins the work on what was claimed; whatever goes wrong ends the attempt. Resolves when the worker has been started, or has not. */
  async begin({ claim, task }: Claimed, secret: string): Promise<void> {
    const worker: Worker = { claim, process: undefined, stopping: undefined }
    this.#workers.set(claim.runId, worker)
    const { executor, storesOf, workerOf, prepare, socket } = this.#options
    try {
      const workspace = await prepare(claim.board, task)
      const process = await executor.spawn({
        claim,
        task,
        workspace,
        socket,
        token: tokenOf({ board: claim.board, runId: claim.runId, secret }),
        logFile: this.logFileOf(claim),
        worker: workerOf(task.assignee ?? '') ?? BUILT_IN_AGENT,
      })
      worker.process = process
      this.#watch(worker, process.exited)
      const { pid, processStarted } = process
      await storesOf(claim.board).claims.spawned(claim, {
        workspace,
        ...(pid !== undefined && { pid }),
        ...(processStarted !== undefined && { processStarted }),
      })
    } catch (error) {
      await this.#couldNotBegin(worker, error)
    }
  }

  /** Watches over a worker that another dispatcher began, which is no more. */
  adopt({ claim, run }: OpenRun): void {
    if (run.pid === null || this.#workers.has(claim.runId)) return
    const { pid, processStarted } = run
    const exited = this.#untilGone(pid, processStarted)
    const worker: Worker = {
      claim,
      process: { pid, processStarted: processStarted ?? undefined, exited, signal: (name) => this.#signalIfSame(pid, processStarted, name) },
      stopping: undefined,
    }
    this.#workers.set(claim.runId, worker)
    this.#watch(worker, exited)
  }

  /** Has a worker end: it is asked, and after the grace period made to. Resolves when it is gone. */
  stop(runId: string, { graceMs = this.#options.stopGraceMs }: { readonly graceMs?: number } = {}): Promise<void> {
    const worker = this.#workers.get(runId)
    if (!worker?.process) return Promise.resolve()
    return (worker.stopping ??= this.#stop(worker.process, graceMs))
  }

  /** Stops workers whose attempt is over or is to be, as the board says now. */
  async enforce(board: string): Promise<void> {
    const { storesOf, log } = this.#options
    for (const claim of this.runsOf(board)) {
      const run = await storesOf(board).claims.get(claim.runId)
      if (run && run.endedAt === null && run.wish !== 'stop') continue
      const worker = this.#workers.get(claim.runId)
      if (!worker?.process || worker.stopping) continue
      log.info({ board, task: claim.taskNumber, run: claim.runId }, 'a worker whose attempt is over is told to stop')
      worker.stopping = this.#stopSoon(worker.process)
    }
  }

  logFileOf({ board, runId }: Pick<Claim, 'board' | 'runId'>): string {
    return join(this.#options.logsFolder, board, `${runId}.log`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new Error('the dispatcher is stopping'))
    await Promise.allSettled(this.#watches)
  }

  #watch(worker: Worker, exited: Promise<WorkerExit>): void {
    const watch = this.#seeOut(worker, exited)
      .catch((error: unknown) => {
        this.#options.log.error({ err: error, run: worker.claim.runId }, 'the end of a worker could not be written down; its lease will end')
        this.#forget(worker)
      })
      .finally(() => this.#watches.delete(watch))
    this.#watches.add(watch)
  }

  async #seeOut(worker: Worker, exited: Promise<WorkerExit>): Promise<void> {
    const exit = await this.#unlessEnded(exited)
    if (exit === undefined) return
    await this.#over(worker, exit)
    this.#forget(worker)
  }

  /** The exit, or nothing when this dispatcher stops first. A promise that lives as long as the pool would remember every race. */
  async #unlessEnded(exited: Promise<WorkerExit>): Promise<WorkerExit | undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const onEnded = () => resolve(undefined)
    this.#ended.signal.addEventListener('abort', onEnded, { once: true })
    try {
      return await Promise.race([exited, promise])
    } finally {
      this.#ended.signal.removeEventListener('abort', onEnded)
    }
  }

  #forget({ claim }: Worker): void {
    this.#workers.delete(claim.runId)
    this.#options.onFreed()
  }

  /** A worker's process has gone: when it did not say how its work ended, this does. */
  async #over({ claim }: Worker, exit: WorkerExit): Promise<void> {
    const stores = this.#options.storesOf(claim.board)
    const run = await stores.claims.get(claim.runId)
    if (!run || run.endedAt !== null) return
    if (run.wish === 'stop') {
      const reason = run.wishReason ?? 'it was told to stop'
      await stores.claims.block(claim, { kind: 'needs_input', reason: `Stopped: ${reason}` }).catch(unlessLost)
      return
    }
    await this.#options.failed(claim, failureOf(exit, lastWords(this.logFileOf(claim))), exit).catch(unlessLost)
  }

  async #couldNotBegin(worker: Worker, error: unknown): Promise<void> {
    if (codeOf(error) === 'CLAIM_LOST') {
      // Somebody took the task away while it was being begun. What runs is stopped, and watched until it is gone.
      if (worker.process) await this.stop(worker.claim.runId)
      else this.#forget(worker)
      return
    }
    this.#options.log.warn({ err: error, board: worker.claim.board, task: worker.claim.taskNumber }, 'a worker could not be begun')
    try {
      await this.#options.failed(worker.claim, spawnFailureOf(error))
    } catch (lost) {
      unlessLost(lost)
    } finally {
      if (!worker.process) this.#forget(worker)
    }
  }

  /** It was told over its socket as well, and may be writing its last lines. */
  async #stopSoon(process: WorkerProcess): Promise<void> {
    const { clock, stopGraceMs } = this.#options
    try {
      await clock.delay(Math.min(stopGraceMs, LAST_LINES_MS), this.#ended.signal)
    } catch {
      return
    }
    await this.#stop(process, stopGraceMs)
  }

  async #stop(process: WorkerProcess, graceMs: number): Promise<void> {
    process.signal('SIGTERM')
    // One that was stopped by SIGSTOP hears nothing else.
    process.signal('SIGCONT')
    const grace = new AbortController()
    const inTime = await Promise.race([
      process.exited.then(() => true),
      this.#options.clock.delay(graceMs, grace.signal).then(
        () => false,
        () => false,
      ),
    ])
    grace.abort()
    if (!inTime) process.signal('SIGKILL')
    await Promise.race([process.exited, this.#options.clock.delay(LOOK_MS * 4)])
  }

  async #untilGone(pid: number, started: string | null): Promise<WorkerExit> {
    // Where the system cannot tell, its lease will.
    while (isProcessAlive({ pid, started }) !== false) await this.#options.clock.delay(LOOK_MS, this.#ended.signal)
    return { code: null, signal: null }
  }

  #signalIfSame(pid: number, started: string | null, name: NodeJS.Signals): void {
    if (isProcessAlive({ pid, started }) === true) signalGroup(pid, name)
  }
}

/** What an exit means that the worker has not explained. */
function failureOf({ code, signal }: WorkerExit, words: string): RunFailure {
  const said = words === '' ? '' : `: ${words}`
  if (code === 0) return { class: 'protocol', code: 'ended_without_result', message: `The worker ended without saying what came of the task${said}` }
  if (code === EX_TEMPFAIL) return { class: 'rate_limit', code: 'try_later', message: `The worker asks to be begun later${said}` }
  if (signal !== null) return { class: 'crash', code: `signal_${signal}`, message: `The worker was ended by ${signal}${said}` }
  if (code === null) return { class: 'crash', code: 'vanished', message: `The worker's process is gone${said}` }
  return { class: 'crash', code: `exit_${code}`, message: `The worker exited with ${code}${said}` }
}

/** What the system says when the host, and not the task, is at its end. */
const HOST_ERRORS = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EDQUOT'])

function spawnFailureOf(error: unknown): RunFailure {
  const code = codeOf(error) ?? 'spawn_failed'
  return { class: HOST_ERRORS.has(code) ? 'infrastructure' : 'spawn', code, message: messageOf(error).slice(0, 1_000) }
}

function unlessLost(error: unknown): void {
  if (codeOf(error) !== 'CLAIM_LOST') throw error
}
