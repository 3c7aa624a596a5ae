import { isatty } from 'node:tty'
import { createAgent, currentTime } from '@talaria/agent'
import { agentSettingsOf } from '@talaria/agent/settings'
import {
  createLog,
  listenForShutdown,
  messageOf,
  RotatingFile,
  startDescriptorBudget,
  startEventLoopDelay,
  systemClock as clock,
  talariaVersion,
  TalariaError,
  type HomePaths,
} from '@talaria/core'
import { startHttpServer } from '@talaria/core/http'
import { openDatabases } from '@talaria/db'
import {
  createReload,
  Gateway,
  type Reload,
  ReplaceableAgent,
  type GatewaySettings,
  isApiServerWanted,
  logFileOf,
  planApiServer,
  PLATFORMS,
} from '@talaria/gateway'
import { createChatCommand, createDispatcherProbe, plannerOf } from '@talaria/kanban/command'
import { gatewayDeliveries, Notifier } from '@talaria/kanban/notifications'
import { chatTools } from '@talaria/kanban/tools'
import { readConfig } from './config.ts'
import { listenForStrayFailures } from './stray-failures.ts'

/** Of sysexits.h: something in the configuration; starting again changes nothing. */
const EX_CONFIG = 78

/** Beyond the runs' own grace period: for writing how they ended, and for the last answers to go out. */
const CLOSING_MS = 5_000

/** Beyond the same, before whatever holds up the end, such as another process's lock on the database, is left as it is. */
const GIVING_UP_MS = 15_000

/** Of sysexits.h: whoever started the process is to start it again, as service managers can be told to. */
const EX_TEMPFAIL = 75

async function main(): Promise<void> {
  const { paths, live, kanban } = await readConfig()
  const settings = live.values
  using logFile = openLogFile(settings, paths)
  const log = createLog('gateway', { level: () => settings.logLevel, ...(logFile && { file: logFile }) })
  if (!isAnythingEnabled(settings)) throw nothingEnabled(settings, paths)
  const started = Promise.withResolvers<Reload>()
  using shutdown = listenForShutdown({
    log,
    deadlineMs: settings.shutdownGrace + GIVING_UP_MS,
    // Where there is a terminal SIGHUP says that it was closed; a daemon is told by it to read its settings again.
    ...(!hasTerminal() && { onHangUp: () => void started.promise.then((reload) => reload()).catch(() => {}) }),
  })
  await using databases = openDatabases({ service: 'gateway', locations: { gateway: { file: paths.gatewayDb }, boards: paths.boardsDir }, clock, log })
  const tools = [currentTime(clock), ...(settings.kanbanChatTools ? chatTools(databases) : [])]
  await using agent = new ReplaceableAgent(createAgent({ settings: agentSettingsOf(settings), tools, clock, log }))
  await using budget = startDescriptorBudget({ clock, log, isDatabase: (path) => path.startsWith(paths.home) })
  using eventLoopDelay = startEventLoopDelay({ clock })
  const reload = createReload({ settings: live, agent, tools, reconfigure: (changed) => gateway.reconfigure(changed), clock, log })
  await using gateway = new Gateway({
    databases,
    agent,
    budget,
    eventLoopDelay,
    settings,
    platforms: PLATFORMS,
    paths,
    version: talariaVersion(),
    restart: () => endWith(EX_TEMPFAIL),
    reload,
    kanban: createChatCommand({ databases, clock, isDispatcherRunning: createDispatcherProbe(kanban), planner: plannerOf(agent, kanban, clock) }),
    clock,
    log,
  })
  using _strays = listenForStrayFailures(gateway.strays, () => endWith(1))
  await using server = await startHttpServer({
    fetch: gateway.fetch,
    host: settings.apiServerHost,
    port: settings.apiServerPort,
    settings: { host: 'API_SERVER_HOST', port: 'API_SERVER_PORT' },
    graceMs: settings.shutdownGrace + CLOSING_MS,
    onDraining: () => gateway.drain(),
    log,
    clock,
  })
  log.info({ url: server.url }, `the gateway listens on ${server.url}`)
  await gateway.start()
  await using notifier = new Notifier({
    boards: databases.boards,
    storesOf: (board) => databases.board(board),
    deliveries: gatewayDeliveries(gateway.notifications),
    clock,
    log,
  })
  notifier.start()
  started.resolve(reload)
  await shutdown.requested
}

function openLogFile(settings: GatewaySettings, paths: HomePaths): RotatingFile | undefined {
  const file = logFileOf(settings, paths.home)
  return file === undefined ? undefined : new RotatingFile({ file, maxBytes: settings.logFileMegabytes * 1024 * 1024, maxFiles: settings.logFiles })
}

const hasTerminal = () => isatty(0) || isatty(2)

/** Ends as by a service manager's signal, with this exit code. */
function endWith(exitCode: number): void {
  process.exitCode = exitCode
  process.kill(process.pid, 'SIGTERM')
}

/** A platform whose settings are wrong counts: somebody wants it, and a process that runs says what is wrong. */
function isAnythingEnabled(settings: GatewaySettings): boolean {
  return isApiServerWanted(settings) || PLATFORMS.some((platform) => ['ready', 'misconfigured'].includes(platform.plan(settings).state))
}

function nothingEnabled(settings: GatewaySettings, paths: HomePaths): TalariaError {
  const plans = [planApiServer(settings), ...PLATFORMS.map((platform) => platform.plan(settings))]
  const reasons = plans.flatMap((plan) => (plan.state === 'ready' ? [] : [`  - ${plan.reason}`]))
  return new TalariaError(
    'NOTHING_ENABLED',
    `No platform is enabled. One of these is enough:\n${reasons.join('\n')}\nSettings are read from the environment, ${paths.envFile} and ${paths.configFile}.`,
  )
}

try {
  await main()
} catch (error) {
  const code = error instanceof TalariaError ? error.code : undefined
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = code === 'INVALID_CONFIG' || code === 'NOTHING_ENABLED' || code === 'invalid_settings' ? EX_CONFIG : 1
}
