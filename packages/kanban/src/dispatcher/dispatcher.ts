import { hostname } from 'node:os'
import { codeOf, isProcessAlive, startLoop, type Clock, type Log, type Loop } from '@talaria/core'
import { dispatcherActor, type Board, type BoardStores, type Boards, type Claim, type RunFailure } from '@talaria/db'
import type { KanbanSettings } from '../settings.ts'
import { signalGroup } from '../workers/process-executor.ts'
import type { WorkerDefinition } from '../workers/worker-definition.ts'
import type { WorkerExit } from '../workers/executor.ts'
import { boardBudgetRefusal, hasBoardBudget, taskBudgetRefusal } from '../workers/budgets.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'
import { newWorkerSecret } from '../workers/worker-token.ts'
import { BoardWatch, type IllBoard } from '../boards/board-watch.ts'
import { ClockJump } from './clock-jump.ts'
import { isDispatcherGone } from './dispatcher-id.ts'
import { fairShares } from './fair-share.ts'
import { judgeFailure } from './failure-policy.ts'
import type { MemoryPressure } from './memory-pressure.ts'
import { fireRoutines } from './routines.ts'
import { waitingDetail } from './waiting-detail.ts'

/** Places of the host that somebody else took at the same moment are asked for again after so long, and up to so much more. */
const CONTENDED_MS = 50

/** Dispatchers rarely die, and looking for those that did reads all that runs. */
const ADOPT_EVERY_MS = 60_000

/** Beyond its tick, before a dispatcher that does not look any more is one that hangs. */
const STALLED_MS = 60_000

/** Looked at for a missing assignee before tasks are claimed. */
const ASSIGNED_AT_ONCE = 50

/** Claimed in one go; each is prepared for before it is known whether there is a task for it. */
const CLAIMED_AT_ONCE = 32

/** A worker is there for its dispatcher to see within this, on a host that is very busy. */
const UNBEGUN_MS = 15_000

/** Longest pause before workers that may merely have slept with the host are given up. */
const LONGEST_GRACE_MS = 30_000

export interface DispatcherOptions {
  /** See `dispatcherId`. */
  readonly id: string
  readonly boards: Boards
  readonly storesOf: (board: string) => BoardStores
  readonly pool: WorkerPool
  readonly settings: KanbanSettings
  readonly workerOf: (assignee: string) => WorkerDefinition | undefined
  /** Workers of this home on this host at once. */
  readonly maxRunning: () => number
  readonly memoryPressure: () => MemoryPressure
  readonly isPaused: () => boolean
  /** Called with a board that has tasks in triage. */
  readonly onTriage?: (board: string) => void
  readonly random: () => number
  readonly clock: Clock
  readonly log: Log
}

/**
 * Hands ready tasks to workers, as soon as they are ready and no more than there is room for, and sees to those that are
 * not heard of any more. It is woken by changes of the boards and by time; the tick is for what neither has told it.
 *
 * Several may work on one home: what one claims no other does, and limits hold for all of them together.
 */
export class Dispatcher implements AsyncDisposable {
  readonly #options: DispatcherOptions
  readonly #watch: BoardWatch
  readonly #jump: ClockJump
  readonly #host = hostname()
  #loop: Loop | undefined
  /** Monotonic time until which nobody is given up for silence. */
  #graceUntil = 0
  #adoptAt = 0
  #lookedAt = 0
  /** Since the start. */
  readonly counts = { passes: 0, claimed: 0, failed: 0 }
  #turn = 0

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#jump = new ClockJump(options.clock)
    this.#watch = new BoardWatch({ boards: options.boards, storesOf: options.storesOf, onChange: () => this.wake(), clock: options.clock, log: options.log })
  }

  /** Begins. Workers that were there before have the time of a lease to be heard of. */
  start(): void {
    const { clock, log, settings } = this.#options
    this.#graceUntil = clock.monotonic() + Math.min(settings.lease, LONGEST_GRACE_MS)
    this.#lookedAt = clock.monotonic()
    this.#watch.start()
    this.#loop = startLoop({ name: 'dispatcher', everyMs: settings.tick, clock, log, step: () => this.pass() })
  }

  /** Boards that can be used now. */
  live(): readonly string[] {
    return this.#watch.live()
  }

  /** Boards that cannot be used, and why. */
  ill(): readonly IllBoard[] {
    return this.#watch.ill()
  }

  /** Whether it still looks at the boards, as it should at every tick at least. */
  get isLooking(): boolean {
    return this.#options.clock.monotonic() - this.#lookedAt < this.#options.settings.tick + STALLED_MS
  }

  /** Has it look for workers whose dispatcher is gone, now: one has just been missed. */
  adopt(): void {
    this.#adoptAt = 0
    this.wake()
  }

  /** Has it look now. */
  wake(): void {
    this.#loop?.wake()
  }

  /** Looks at everything once; returns in how many milliseconds there is more to do. */
  async pass(): Promise<number> {
    const { clock, settings, log } = this.#options
    this.#lookedAt = clock.monotonic()
    this.counts.passes += 1
    const jump = this.#jump.look()
    if (jump !== 0) {
      this.#graceUntil = clock.monotonic() + Math.min(settings.lease, LONGEST_GRACE_MS)
      log.warn({ jumpMs: jump }, 'the clock has jumped; workers have the time of a lease to be heard of')
    }
    const boards = this.#watch.live()
    const hungry: string[] = []
    for (const slug of boards) {
      await this.#each(slug, async () => {
        if (await this.#lookAfter(slug)) hungry.push(slug)
      })
    }
    if (clock.monotonic() >= this.#adoptAt) {
      this.#adoptAt = clock.monotonic() + ADOPT_EVERY_MS
      for (const slug of boards) await this.#each(slug, () => this.#adoptOrphans(slug))
    }
    const isContended = hungry.length > 0 && (await this.#claim(hungry))
    const next = await this.#nextAt(boards)
    const dueMs = next === undefined ? undefined : Math.max(1, next - clock.now())
    const graceMs = this.#graceUntil - clock.monotonic()
    const adoptMs = Math.max(1, this.#adoptAt - clock.monotonic())
    const waits = [adoptMs, dueMs, isContended ? CONTENDED_MS * (1 + this.#options.random()) : undefined, graceMs > 0 ? graceMs : undefined]
    return Math.min(...waits.filter((wait) => wait !== undefined))
  }

  /** What follows from a failed attempt, by the one table. @throws BoardError `CLAIM_LOST` */
  async failed(claim: Claim, failure: RunFailure, exit?: WorkerExit): Promise<void> {
    const { settings, clock, random, storesOf } = this.#options
    const stores = storesOf(claim.board)
    const task = await stores.tasks.get(claim.taskNumber)
    if (!task) return
    const board = await stores.board.get()
    const maxAttempts = task.settings.maxAttempts ?? board.settings.maxAttempts ?? settings.maxAttempts
    const { failures, lastFailure, attempts } = task
    const { isCounted, giveUp, retryAt } = judgeFailure(failure, { failures, lastFailure, attempts, maxAttempts }, { now: clock.now(), random: random() })
    this.counts.failed += 1
    await stores.claims.fail(claim, failure, {
      isCounted,
      ...(retryAt !== undefined && { retryAt }),
      ...(giveUp && { giveUp: 'gave_up' as const }),
      ...(exit?.code != null && { exitCode: exit.code }),
      ...(exit?.signal != null && { exitSignal: exit.signal }),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop?.[Symbol.asyncDispose]()
    await this.#watch[Symbol.asyncDispose]()
  }

  /** What time has brought to a board, and what its workers are to be told; whether something may be claimed on it. */
  async #lookAfter(slug: string): Promise<boolean> {
    const { storesOf, onTriage, clock, log, pool, id } = this.#options
    const stores = storesOf(slug)
    const { claims, tasks } = stores
    const now = clock.now()
    const due = await claims.due(now)
    if (due.hasScheduled) await tasks.wakeDue(dispatcherActor(id))
    if (due.hasRoutines) await fireRoutines(stores, { board: slug, actor: dispatcherActor(id), clock, log })
    if (due.hasTriage) onTriage?.(slug)
    if (due.hasOverdue) await this.#endOverdue(slug, now)
    if (due.hasExpired && clock.monotonic() >= this.#graceUntil) await this.#endSilent(slug, now)
    await pool.enforce(slug)
    return due.hasClaimable || due.hasScheduled || due.hasRoutines || due.hasOverdue || due.hasExpired
  }

  async #endOverdue(slug: string, now: number): Promise<void> {
    for (const { claim, run } of await this.#options.storesOf(slug).claims.overdue(now)) {
      const message = `The attempt took longer than it may (${Math.round((now - run.claimedAt) / 1_000)} s).`
      await this.#giveUp(claim, { class: 'timeout', code: 'max_runtime', message })
    }
  }

  async #endSilent(slug: string, now: number): Promise<void> {
    for (const { claim, run } of await this.#options.storesOf(slug).claims.expired(now)) {
      await this.#giveUp(claim, { class: 'lease', code: 'lease_expired', message: 'The worker has not been heard of for the time of a lease.' })
      // Fenced already: nothing that it still does to the board counts. What it does to its workspace ends here.
      const isOfHere = run.host === this.#host && run.pid !== null
      if (isOfHere && isProcessAlive({ pid: run.pid, started: run.processStarted }) === true) signalGroup(run.pid, 'SIGKILL')
    }
  }

  /** Takes over workers of this host whose dispatcher is no more. */
  async #adoptOrphans(slug: string): Promise<void> {
    const { storesOf, pool, id, clock } = this.#options
    const { claims } = storesOf(slug)
    const others = (await claims.open()).filter(({ run }) => run.host === this.#host && run.dispatcher !== id)
    const orphans = others.filter(({ run }) => isDispatcherGone(run.dispatcher))
    const begun = orphans.filter(({ run }) => run.pid !== null)
    for (const adopted of await claims.adopt(begun, id)) pool.adopt(adopted)
    for (const { claim, run } of orphans.filter(({ run: { pid } }) => pid === null)) {
      // A worker that was begun in that very moment says so when it has started.
      const waitedMs = clock.now() - run.claimedAt
      if (waitedMs < UNBEGUN_MS) this.#adoptAt = Math.min(this.#adoptAt, clock.monotonic() + UNBEGUN_MS - waitedMs)
      else await claims.release(claim, 'its dispatcher ended before a worker was begun').catch(unlessLost)
    }
  }

  async #giveUp(claim: Claim, failure: RunFailure): Promise<void> {
    const { pool } = this.#options
    try {
      await this.failed(claim, failure)
    } catch (error) {
      unlessLost(error)
    }
    void pool.stop(claim.runId)
  }

  /** Claims as much as there is room for, fairly among boards; whether somebody else was after the same places. */
  async #claim(slugs: readonly string[]): Promise<boolean> {
    const { isPaused, memoryPressure, maxRunning, storesOf } = this.#options
    const boards: Board[] = []
    for (const slug of slugs) {
      await this.#each(slug, async () => {
        const { board: store } = storesOf(slug)
        const board = await store.get()
        if (board.pausedAt !== null || board.archivedAt !== null) return
        const refusal = hasBoardBudget(board) ? boardBudgetRefusal(board, await store.spend()) : undefined
        if (refusal) await this.#noteHeld(board, 'budget', refusal.detail)
        else boards.push(board)
      })
    }
    const running = await this.#runningOnHost()
    const total = sum(running.values())
    const pressure = memoryPressure()
    const room = isPaused() || pressure === 'critical' ? 0 : Math.min(maxRunning() - total, pressure === 'elevated' ? 1 : Infinity)
    // Of boards that have equally much, another one is first each time.
    const rotated = boards.map((_, index) => boards[(index + this.#turn) % boards.length]!)
    this.#turn += 1
    let left = Math.max(0, room)
    let hungry = rotated
    let isContended = false
    while (left > 0 && hungry.length > 0) {
      const shares = fairShares(
        hungry.map((board) => ({ board: board.slug, running: running.get(board.slug) ?? 0, weight: board.settings.weight ?? 1 })),
        Math.min(left, CLAIMED_AT_ONCE),
      )
      const next: Board[] = []
      for (const board of hungry) {
        const places = shares.get(board.slug) ?? 0
        if (places === 0) continue
        const { claimed, kept } = await this.#claimOn(board, places)
        running.set(board.slug, (running.get(board.slug) ?? 0) + kept)
        left -= kept
        if (kept < claimed) isContended = true
        else if (claimed === places) next.push(board)
      }
      if (isContended) break
      hungry = next
    }
    const held = left > 0 ? undefined : isPaused() ? 'dispatcher_paused' : pressure === 'none' ? 'host_cap' : 'memory'
    if (held) for (const board of boards) await this.#each(board.slug, () => this.#noteHeld(board, held))
    return isContended
  }

  /** Claims on one board and begins the work; what the host has no room for after all is given back at once. */
  async #claimOn(board: Board, places: number): Promise<{ readonly claimed: number; readonly kept: number }> {
    const { storesOf, pool, settings, id, clock, random, maxRunning, log } = this.#options
    const { claims } = storesOf(board.slug)
    try {
      await this.#assignDefault(board)
      const secrets = Array.from({ length: places }, newWorkerSecret)
      const { claimed, held } = await claims.claimMany({
        ...this.#claimOptions(board),
        dispatcher: id,
        host: this.#host,
        now: clock.now(),
        leaseMs: settings.lease,
        tokenHashes: secrets.map(({ hash }) => hash),
      })
      await claims.setWaiting(held.map(({ number, code }) => ({ number, code, detail: waitingDetail(code, board, settings) })))
      let kept = 0
      for (const [index, one] of claimed.entries()) {
        // Counted after the claim is on disk: of two dispatchers at least one sees both, and gives its own back.
        if (sum((await this.#runningOnHost()).values()) > maxRunning()) {
          await claims.release(one.claim, 'the host has no room for it', { retryAt: clock.now() + Math.round(CONTENDED_MS * (1 + random())) })
          continue
        }
        const overspent = taskBudgetRefusal(one.task, board)
        if (overspent) {
          await this.failed(one.claim, { class: 'budget', code: 'task_budget', message: overspent.detail })
          continue
        }
        kept += 1
        this.counts.claimed += 1
        void pool.begin(one, secrets[index]!.secret)
      }
      return { claimed: claimed.length, kept }
    } catch (error) {
      log.error({ err: error, board: board.slug }, 'nothing could be claimed on a board; the others go on')
      return { claimed: 0, kept: 0 }
    }
  }

  /** Tasks that name nobody get whoever is named for them, where somebody is. */
  async #assignDefault(board: Board): Promise<void> {
    const { settings, storesOf, clock, id } = this.#options
    const assignee = board.settings.defaultAssignee ?? settings.defaultAssignee
    if (assignee === undefined) return
    const { claims, tasks } = storesOf(board.slug)
    const first = await claims.candidates({ states: ['ready'], now: clock.now(), limit: ASSIGNED_AT_ONCE })
    for (const { number, assignee: known } of first) if (known === null) await tasks.assign(number, assignee, { actor: dispatcherActor(id) })
  }

  #claimOptions(board: Board) {
    const { settings, workerOf } = this.#options
    const { maxRunning, maxRunningPerAssignee, labelCaps, maxRuntimeMs, isReviewDispatched, columns } = board.settings
    const wipLimit = columns?.find(({ state }) => state === 'running')?.wipLimit
    return {
      caps: {
        board: Math.min(maxRunning ?? settings.maxRunningPerBoard, wipLimit ?? Infinity),
        perAssignee: maxRunningPerAssignee ?? settings.maxRunningPerAssignee,
        ...(labelCaps && { perLabel: labelCaps }),
      },
      executorOf: (assignee: string) => workerOf(assignee)?.executor,
      maxRuntimeMs: maxRuntimeMs ?? settings.maxRuntime,
      ...(!(isReviewDispatched ?? settings.reviewDispatch) && { states: ['ready'] as const }),
    }
  }

  /** Writes down for the first in line why they wait; the rest waits behind them. */
  async #noteHeld(board: Board, code: 'host_cap' | 'memory' | 'dispatcher_paused' | 'budget', detail?: string): Promise<void> {
    const { storesOf, clock, settings } = this.#options
    const { claims } = storesOf(board.slug)
    const first = await claims.candidates({ states: ['ready', 'review'], now: clock.now(), limit: 20 })
    await claims.setWaiting(first.map(({ number }) => ({ number, code, detail: detail ?? waitingDetail(code, board, settings) })))
  }

  /** Workers on this host by board, whoever began them. */
  async #runningOnHost(): Promise<Map<string, number>> {
    const running = new Map<string, number>()
    for (const slug of this.#watch.live()) {
      await this.#each(slug, async () => {
        running.set(slug, await this.#options.storesOf(slug).claims.countRunning(this.#host))
      })
    }
    return running
  }

  async #nextAt(slugs: readonly string[]): Promise<number | undefined> {
    const times: number[] = []
    for (const slug of slugs) {
      await this.#each(slug, async () => {
        const at = await this.#options.storesOf(slug).claims.nextAt(this.#options.clock.now())
        if (at !== undefined) times.push(at)
      })
    }
    return times.length > 0 ? Math.min(...times) : undefined
  }

  /** One board's trouble is not the others'. */
  async #each(slug: string, step: () => Promise<void>): Promise<void> {
    try {
      await step()
      this.#watch.well(slug)
    } catch (error) {
      this.#watch.failed(slug, error)
    }
  }
}

/** An attempt that has ended in this very moment needs no other end. */
function unlessLost(error: unknown): void {
  if (codeOf(error) !== 'CLAIM_LOST') throw error
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
