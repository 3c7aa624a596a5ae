import { join } from 'node:path'
import type { Agent } from '@talaria/agent'
import type { Clock, DescriptorBudget, EventLoopDelay, HomePaths, Log } from '@talaria/core'
import type { PlatformStatus, ServiceStatus } from '@talaria/core/contracts'
import { FailureThrottle } from '@talaria/core/http'
import { createMetrics } from '@talaria/core/metrics'
import { FILES_PER_DATABASE, type Databases, type GatewayStores } from '@talaria/db'
import { createApiApp } from './api/api-app.ts'
import type { ApiContext, ApiEnv } from './api/api-context.ts'
import { MAX_BODY_BYTES } from './api/json-body.ts'
import type { CommandKanban } from './commands/command-services.ts'
import { WorkPause } from './commands/work-pause.ts'
import { createCron, type Cron } from './cron/create-cron.ts'
import { registerCronMetrics } from './cron/cron-metrics.ts'
import { roomForText } from './delivery/duplicate-label.ts'
import { homeChannelOf } from './delivery/home-channel-of.ts'
import { createGatewayApp } from './gateway-app.ts'
import { gatewayChecks } from './gateway-checks.ts'
import { registerGatewayMetrics } from './gateway-metrics.ts'
import { createGatewayChats, type GatewayChats } from './gateway-chats.ts'
import { startHousekeeping } from './housekeeping.ts'
import type { Notifications } from './notifications/notifications.ts'
import { AccountLeases } from './platforms/account-leases.ts'
import { ApiServer } from './platforms/api-server.ts'
import type { BackupProgress } from './routes/backups.ts'
import type { PlatformControl } from './routes/platforms.ts'
import { isApiServerWanted, planApiServer } from './platforms/api-server-plan.ts'
import type { PlatformDefinition } from './platforms/definition.ts'
import { openToAll } from './platforms/open-to-all.ts'
import type { PlatformPlan } from './platforms/platform.ts'
import { PlatformSupervisors } from './platforms/supervisors.ts'
import type { Reload } from './reload.ts'
import type { GatewaySettings } from './settings.ts'
import { StrayFailures } from './stray-failures.ts'
import { Runner } from './turns/runner.ts'
import { Turns } from './turns/turns.ts'

export interface GatewayOptions {
  readonly databases: Databases
  readonly agent: Agent
  readonly budget: DescriptorBudget
  readonly eventLoopDelay: EventLoopDelay
  readonly settings: GatewaySettings
  /** The chat platforms that there are. */
  readonly platforms: readonly PlatformDefinition[]
  readonly paths: HomePaths
  readonly version: string
  /** What answers `/kanban` in chats; absent where there are no boards. */
  readonly kanban?: CommandKanban
  /** Ends the process so that whoever started it starts it again; absent where nobody would. */
  readonly restart?: () => void
  /** Reads the settings again; absent where they do not come from files. */
  readonly reload?: Reload
  readonly clock: Clock
  readonly log: Log
}

/** The service: sessions and turns, the platforms that feed them, and what answers on its one listener. */
export class Gateway implements AsyncDisposable {
  /** Where failures go that nobody caught in this process. */
  readonly strays: StrayFailures
  readonly #options: GatewayOptions
  readonly #stores: GatewayStores
  readonly #runner: Runner
  readonly #turns: Turns
  readonly #plan: PlatformPlan
  readonly #apiServer: ApiServer
  readonly #supervisors: PlatformSupervisors
  readonly #workPause: WorkPause
  readonly #cron: Cron
  readonly #chats: GatewayChats
  readonly #startedAt: number
  readonly #running = new AsyncDisposableStack()
  #isWorking = false
  #isChatting = false
  readonly #app: ReturnType<typeof createGatewayApp>

  /** Opens nothing; {@link start} does. */
  constructor(options: GatewayOptions) {
    const { databases, agent, budget, settings, platforms, clock, log } = options
    this.#options = options
    this.#startedAt = clock.now()
    this.#stores = databases.gateway
    this.#workPause = new WorkPause(this.#stores.platforms)
    this.#runner = new Runner({ runners: this.#stores.runners, turns: this.#stores.turns, clock, log })
    this.#turns = new Turns({
      stores: this.#stores,
      agent,
      runner: this.#runner,
      clock,
      log,
      maxConcurrent: settings.maxConcurrentRuns,
      hasRoom: () => budget.admits(),
      isPaused: () => this.#workPause.isOn(),
    })
    this.#supervisors = new PlatformSupervisors({
      definitions: platforms,
      settings,
      receive: (_platform, message) => this.#chats.chats.receive(message),
      records: this.#stores.platforms,
      leases: new AccountLeases({ store: this.#stores.platformLeases, runner: this.#runner, clock, log }),
      random: Math.random,
      clock,
      log,
    })
    this.strays = new StrayFailures({ supervisors: this.#supervisors, log })
    this.#cron = this.#createCron()
    this.#chats = createGatewayChats({
      ...options,
      ...(settings.cronEnabled && { cron: this.#cron }),
      stores: this.#stores,
      turns: this.#turns,
      runner: this.#runner,
      supervisors: this.#supervisors,
      platforms: this.#platformControl(),
      startedAt: this.#startedAt,
    })
    this.#plan = planApiServer(settings)
    this.#apiServer = this.#createApiServer()
    this.#app = this.#createApp()
  }

  /** What answers HTTP requests; for the listener. */
  get fetch(): (request: Request, bindings?: ApiEnv['Bindings']) => Response | Promise<Response> {
    return this.#app.fetch
  }

  /** By what other services tell chats and wake conversations; for `main`, which hands it to them. */
  get notifications(): Notifications {
    return this.#chats.notifications
  }

  get status(): ServiceStatus {
    const platforms = this.#platforms
    const isConnected = platforms.some(({ state }) => state === 'connected' || state === 'degraded')
    return {
      service: 'gateway',
      version: this.#options.version,
      pid: process.pid,
      status: this.#turns.isDraining ? 'draining' : isConnected ? 'running' : 'starting',
      startedAt: this.#startedAt,
      platforms: [...platforms],
    }
  }

  /**
   * Starts the loops and the API, and returns when the API has been tried once. Chat platforms connect meanwhile and
   * after, all at once, and what failed goes on trying. Where no platform can be started nothing is opened at all.
   */
  async start(): Promise<void> {
    this.#running.use(this.#apiServer)
    if (this.#plan.state === 'ready' || this.#supervisors.isAnyReady) await this.#startWork()
    this.#running.use(this.#supervisors)
    if (this.#supervisors.isAnyReady) this.#startChats()
    void this.#supervisors.start()
    await this.#apiServer.start()
  }

  /** Has platforms connect anew that settings of these names are about, which have changed; resolves with the names of the platforms. */
  async reconfigure(changed: readonly string[]): Promise<readonly string[]> {
    const platforms = await this.#supervisors.reconfigure(changed)
    if (this.#supervisors.isAnyReady && !this.#running.disposed) {
      await this.#startWork()
      this.#startChats()
    }
    return platforms
  }

  /** No new work from now on; what is under way gets the grace period and is then settled as interrupted. */
  async drain(): Promise<void> {
    await this.#turns.drain(this.#options.settings.shutdownGrace)
  }

  /** Drains, and stops everything that {@link start} started, last first. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain()
    await this.#running.disposeAsync()
  }

  /** What every turn needs; once. */
  async #startWork(): Promise<void> {
    if (this.#isWorking) return
    this.#isWorking = true
    const { databases, settings, clock, log } = this.#options
    this.#running.use(this.#runner)
    await this.#runner.start()
    this.#running.use(
      startHousekeeping({
        databases,
        stores: this.#stores,
        runner: this.#runner,
        turns: this.#turns,
        chats: this.#chats.chats,
        retention: { sessionsMs: unlessForever(settings.sessionsKept), runsMs: unlessForever(settings.runsKept) },
        integrityCheckEveryMs: settings.integrityCheckEvery === 'never' ? undefined : settings.integrityCheckEvery,
        clock,
        log,
      }),
    )
    if (settings.cronEnabled) this.#running.use(this.#cron).start()
  }

  /** What conversations need; once. Ends before the platforms, so that what is being sent still can be. */
  #startChats(): void {
    if (this.#isChatting) return
    this.#isChatting = true
    const { chats, transcriber } = this.#chats
    if (transcriber) this.#running.use(transcriber)
    this.#running.use(chats)
    chats.start()
  }

  get #platforms(): readonly PlatformStatus[] {
    return [this.#apiServer.status, ...this.#supervisors.statuses]
  }

  /** A platform that nobody has set up is no trouble. */
  #isWanted({ name, state }: PlatformStatus): boolean {
    return state !== 'not_configured' || (name === this.#apiServer.name && isApiServerWanted(this.#options.settings))
  }

  #platformControl(): PlatformControl {
    const statuses = () => this.#platforms
    return {
      get statuses() {
        return statuses()
      },
      get: (name) => this.#supervisors.get(name),
    }
  }

  get #jobDefaults() {
    const { cronTimezone, cronTimeout } = this.#options.settings
    return { timezone: cronTimezone ?? systemTimezone(), timeoutMs: cronTimeout }
  }

  #createCron(): Cron {
    const { settings, platforms, clock, log } = this.#options
    return createCron({
      stores: this.#stores,
      turns: this.#turns,
      runner: this.#runner,
      clock,
      log,
      defaultModel: settings.modelName,
      maxParallel: settings.cronMaxParallel,
      runsKeptMs: unlessForever(settings.cronRunsKept),
      platforms: platforms.map(({ name }) => name),
      maxLengthOn: (name) => roomForText(this.#supervisors.connected(name)?.capabilities.maxLength),
      accountOn: (name) => this.#supervisors.connected(name)?.account,
      configuredHome: (name) => homeChannelOf(settings, name),
      isPaused: () => this.#workPause.isOn(),
      defaults: this.#jobDefaults,
    })
  }

  #createApiServer(): ApiServer {
    const { databases, agent, settings, paths, clock, log } = this.#options
    const api: ApiContext = {
      stores: this.#stores,
      turns: this.#turns,
      agent,
      clock,
      log,
      settings: {
        modelName: settings.modelName,
        responseTtlMs: unlessForever(settings.responsesKept),
        keepAliveMs: settings.keepAlive,
        maxConcurrentRuns: settings.maxConcurrentRuns,
        maxBodyBytes: MAX_BODY_BYTES,
      },
    }
    const backups = {
      async create(name: string | undefined, progress: BackupProgress) {
        const file = join(paths.backupsDir, name ?? `gateway-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')}.db`)
        await databases.backUp(file, progress)
        return file
      },
    }
    return new ApiServer({
      plan: this.#plan,
      createApp: () =>
        createApiApp({
          api,
          auth: { rootKey: settings.apiServerKey ?? '', apiKeys: this.#stores.apiKeys, throttle: new FailureThrottle(clock), log },
          runner: this.#runner,
          backups,
          jobs: { cron: this.#cron, defaults: this.#jobDefaults },
          platforms: this.#platformControl(),
          commands: this.#chats.commands,
          pairing: this.#chats.pairing,
          ...(this.#options.reload && { reload: this.#options.reload }),
        }),
      probe: async () => void (await this.#stores.sessions.exists('')),
      clock,
      log,
    })
  }

  #createApp() {
    const { databases, budget, eventLoopDelay, settings, platforms, version, clock, log } = this.#options
    const metrics = createMetrics()
    registerGatewayMetrics(metrics, {
      databases,
      turns: this.#turns,
      budget,
      eventLoopDelay,
      version,
      platforms: () => this.#platforms,
      supervisors: this.#supervisors,
      denials: this.#chats.denials,
      strays: this.strays,
    })
    registerCronMetrics(metrics, { scheduler: this.#cron.scheduler, runs: this.#stores.cronRuns, clock, isOpen: () => databases.stats().databases > 0 })
    return createGatewayApp({
      settings,
      version,
      apiServer: this.#apiServer,
      supervisors: this.#supervisors,
      status: () => this.status,
      operator: {
        isDraining: () => this.#turns.isDraining,
        checks: gatewayChecks({
          databases,
          stores: this.#stores,
          runner: this.#runner,
          platforms: () => this.#platforms.filter((status) => this.#isWanted(status)),
          openToAll: () => openToAll(platforms, settings),
        }),
        budget,
        eventLoopDelay,
        metrics,
        handles: () => ({
          handles: databases.handles().map((row) => ({ ...row, leases: [...row.leases] })),
          expectedDatabaseDescriptors: databases.stats().databases * FILES_PER_DATABASE,
        }),
      },
      apiKeys: this.#stores.apiKeys,
      clock,
      log,
    })
  }
}

function systemTimezone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

function unlessForever(kept: number | 'forever'): number | undefined {
  return kept === 'forever' ? undefined : kept
}
