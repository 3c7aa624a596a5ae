import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { Clock, DescriptorBudget, Env, EventLoopDelay, HomePaths, Log } from '@talaria/core'
import { createMetrics } from '@talaria/core/metrics'
import { dispatcherActor, FILES_PER_DATABASE, type BoardStores, type Claim, type Databases, type RunFailure, type TaskDetail } from '@talaria/db'
import { DEFAULT_BOARD } from './boards/default-board.ts'
import { dispatcherId } from './dispatcher/dispatcher-id.ts'
import { AutoTriage } from './dispatcher/auto-triage.ts'
import { Dispatcher } from './dispatcher/dispatcher.ts'
import { Leadership } from './dispatcher/leadership.ts'
import { pressureOf, readMemory, workersFor } from './dispatcher/memory-pressure.ts'
import type { Planner } from './graphs/planner.ts'
import { startHousekeeping } from './housekeeping.ts'
import { createKanbanApp } from './kanban-app.ts'
import { kanbanChecks } from './kanban-checks.ts'
import { registerKanbanMetrics } from './kanban-metrics.ts'
import { Notifier } from './notifications/notifier.ts'
import { webhookDeliveries } from './notifications/webhook-deliveries.ts'
import type { KanbanControl } from './routes/kanban-control.ts'
import type { KanbanSettings } from './settings.ts'
import { kanbanTools } from './tools/kanban-tools.ts'
import { Completion } from './workers/completion.ts'
import type { Executor } from './workers/executor.ts'
import { GithubChecks } from './workers/github-checks.ts'
import { workerSocketPath } from './workers/socket-path.ts'
import { BUILT_IN_AGENT, type WorkerDefinition } from './workers/worker-definition.ts'
import { createWorkerApi } from './workers/worker-api.ts'
import { WorkerPool } from './workers/worker-pool.ts'
import { createGit } from './workspaces/git.ts'
import { prepareWorkspace, type WorkspacePlaces } from './workspaces/prepare-workspace.ts'

export interface KanbanOptions {
  readonly databases: Databases
  readonly executor: Executor
  /** Asks a model about tasks in triage; its owner closes it. */
  readonly planner: Planner
  /** Where programs are found, and what they see. */
  readonly env: Env
  readonly budget: DescriptorBudget
  readonly eventLoopDelay: EventLoopDelay
  readonly settings: KanbanSettings
  readonly paths: HomePaths
  readonly version: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * The kanban service: the dispatcher with its workers, what they speak to, and what people's programs speak to. Several may
 * run on one home. Disposing it leaves the workers at work; the next one takes them over.
 */
export class Kanban implements AsyncDisposable {
  readonly #options: KanbanOptions
  readonly #id = dispatcherId()
  readonly #pool: WorkerPool
  readonly #triage: AutoTriage
  readonly #dispatcher: Dispatcher
  readonly #leadership: Leadership
  readonly #places: WorkspacePlaces
  readonly #running = new AsyncDisposableStack()
  readonly #ended = new AbortController()
  #isDraining = false

  /** Opens nothing; {@link start} does. */
  constructor(options: KanbanOptions) {
    const { settings, paths, env, executor, planner, clock, log } = options
    this.#options = options
    this.#places = { root: settings.workspaces ?? join(paths.home, 'workspaces'), home: paths.home, git: createGit(env) }
    const socket = workerSocketPath(paths.home)
    this.#pool = new WorkerPool({
      executor,
      storesOf: this.#storesOf,
      workerOf: this.#workerOf,
      prepare: (board, task) => this.#prepare(board, task),
      socket,
      logsFolder: join(paths.logsDir, 'workers'),
      stopGraceMs: settings.stopGrace,
      failed: (claim, failure, exit) => this.#dispatcher.failed(claim, failure, exit),
      onFreed: () => this.#dispatcher.wake(),
      clock,
      log,
    })
    this.#triage = new AutoTriage({
      storesOf: this.#storesOf,
      planner,
      isOn: settings.autoTriage,
      atOnce: settings.autoTriageAtOnce,
      mayAsk: () => this.url !== undefined && !this.control.isPaused(),
      actor: dispatcherActor(this.#id),
      clock,
      log,
    })
    this.#dispatcher = new Dispatcher({
      id: this.#id,
      boards: options.databases.boards,
      storesOf: this.#storesOf,
      pool: this.#pool,
      settings,
      workerOf: this.#workerOf,
      maxRunning: () => this.#maxRunning,
      memoryPressure: () => pressureOf(readMemory()),
      isPaused: () => this.control.isPaused(),
      onTriage: (board) => this.#triage.look(board),
      random: Math.random,
      clock,
      log,
    })
    this.#leadership = new Leadership({
      host: settings.host,
      port: settings.port,
      fetch: this.#createApp().fetch,
      socket,
      workerFetch: this.#createWorkerApi().fetch,
      graceMs: settings.shutdownGrace,
      onDraining: () => void (this.#isDraining = true),
      onSucceeded: () => this.#dispatcher.adopt(),
      clock,
      log,
    })
  }

  /** Where it answers; `undefined` while another dispatcher of the home does. */
  get url(): string | undefined {
    return this.#leadership.url
  }

  /** The dispatcher as routes and commands know it. */
  readonly control: KanbanControl = {
    wake: () => this.#dispatcher.wake(),
    pause: () => this.#setPaused('paused by an operator'),
    resume: () => this.#setPaused(undefined),
    isPaused: () => this.#options.databases.boards.pausedReason() !== undefined,
    status: () => ({
      dispatcher: this.#id,
      isPaused: this.control.isPaused(),
      running: this.#pool.size,
      maxRunning: this.#maxRunning,
      memoryPressure: pressureOf(readMemory()),
      illBoards: this.#dispatcher.ill(),
    }),
  }

  /**
   * Makes the board that there always is, takes the lead or finds who has it, and begins.
   *
   * @throws ListenError when the port belongs to another program
   */
  async start(): Promise<void> {
    const { databases, settings, paths, clock, log } = this.#options
    await databases.boards.create({ slug: DEFAULT_BOARD }, 'kanban')
    this.#running.use(this.#pool)
    this.#running.use(this.#leadership)
    await this.#leadership.start()
    this.#running.use(
      startHousekeeping({
        databases,
        storesOf: this.#storesOf,
        dispatcher: this.#dispatcher,
        pool: this.#pool,
        places: this.#places,
        logsFolder: join(paths.logsDir, 'workers'),
        settings,
        clock,
        log,
      }),
    )
    this.#running.use(this.#triage)
    this.#running
      .use(
        new Notifier({
          boards: databases.boards,
          storesOf: this.#storesOf,
          deliveries: webhookDeliveries({ mayBePrivate: settings.webhookPrivate, clock }),
          isOn: () => this.url !== undefined,
          clock,
          log,
        }),
      )
      .start()
    this.#running.use(this.#dispatcher).start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Streams would keep their connections open for the whole grace period.
    this.#ended.abort(new Error('the kanban service is stopping'))
    await this.#running.disposeAsync()
  }

  readonly #storesOf = (board: string): BoardStores => this.#options.databases.board(board)

  /** Who works for an assignee; nobody for one that workers are not begun for. */
  readonly #workerOf = (assignee: string): WorkerDefinition | undefined => {
    const { workers, assignees } = this.#options.settings
    if (assignees && !assignees.includes(assignee)) return undefined
    return Object.hasOwn(workers, assignee) ? workers[assignee] : BUILT_IN_AGENT
  }

  get #maxRunning(): number {
    return this.#options.settings.maxRunning ?? workersFor(totalmem())
  }

  async #prepare(board: string, task: TaskDetail): Promise<string> {
    const wish = task.settings.workspace ?? { kind: 'scratch' as const }
    const { path } = await prepareWorkspace(wish, { board, taskNumber: task.number }, this.#places)
    return path
  }

  #setPaused(reason: string | undefined): void {
    this.#options.databases.boards.setPaused(reason)
    this.#dispatcher.wake()
  }

  #createWorkerApi() {
    const { settings, env, clock, log } = this.#options
    const { githubToken: token, githubUrl: baseUrl } = settings
    const attempts = {
      storesOf: this.#storesOf,
      prepare: (board: string, task: TaskDetail) => this.#prepare(board, task),
      failed: (claim: Claim, failure: RunFailure) => this.#dispatcher.failed(claim, failure),
      signal: this.#ended.signal,
      clock,
      log,
    }
    const completion = new Completion({ ...attempts, env, pullRequests: new GithubChecks({ baseUrl, ...(token !== undefined && { token }) }) })
    return createWorkerApi({ ...attempts, settings, workerOf: this.#workerOf, tools: kanbanTools, completion, onChange: () => this.#dispatcher.wake() })
  }

  #createApp() {
    const { databases, planner, budget, eventLoopDelay, settings, paths, version, clock, log } = this.#options
    const metrics = createMetrics()
    const dispatcher = this.#dispatcher
    registerKanbanMetrics(metrics, {
      databases,
      dispatcher,
      control: this.control,
      isLeading: () => this.url !== undefined,
      budget,
      eventLoopDelay,
      version,
      clock,
    })
    return createKanbanApp({
      databases,
      planner,
      logsFolder: join(paths.logsDir, 'workers'),
      signal: this.#ended.signal,
      settings,
      version,
      control: this.control,
      apiKeys: databases.gatewayReaders.apiKeys,
      operator: {
        isDraining: () => this.#isDraining,
        checks: kanbanChecks({ databases, dispatcher, control: this.control, home: paths.home }),
        budget,
        eventLoopDelay,
        metrics,
        handles: () => ({
          handles: databases.handles().map((row) => ({ ...row, leases: [...row.leases] })),
          expectedDatabaseDescriptors: databases.stats().databases * FILES_PER_DATABASE,
        }),
      },
      clock,
      log,
    })
  }
}
