import { fileURLToPath } from 'node:url'
import {
  createLog,
  listenForShutdown,
  messageOf,
  startDescriptorBudget,
  startEventLoopDelay,
  systemClock as clock,
  talariaVersion,
  TalariaError,
} from '@talaria/core'
import { openDatabases } from '@talaria/db'
import { Kanban, ProcessExecutor } from '@talaria/kanban'
import { openPlanner } from '@talaria/kanban/planner'
import { readConfig } from './config.ts'

/** Of sysexits.h: something in the configuration; starting again changes nothing. */
const EX_CONFIG = 78

/** Beyond the requests' own grace period, before whatever holds up the end is left as it is. */
const GIVING_UP_MS = 15_000

/** The program of every worker, beside this one: as source, or in the bundle. */
const WORKER_MAIN = fileURLToPath(new URL('./worker-main.ts', import.meta.url))

async function main(): Promise<void> {
  const { paths, settings, agent, workerEnv } = await readConfig()
  const log = createLog('kanban', { level: settings.logLevel })
  using shutdown = listenForShutdown({ log, deadlineMs: settings.shutdownGrace + GIVING_UP_MS })
  await using databases = openDatabases({ service: 'kanban', locations: { gateway: { file: paths.gatewayDb }, boards: paths.boardsDir }, clock, log })
  await using budget = startDescriptorBudget({ clock, log, isDatabase: (path) => path.startsWith(paths.home) })
  using eventLoopDelay = startEventLoopDelay({ clock })
  const executor = new ProcessExecutor({ program: [process.execPath, WORKER_MAIN], env: workerEnv })
  await using planner = openPlanner(agent, settings, { clock, log })
  await using kanban = new Kanban({
    databases,
    executor,
    planner,
    env: workerEnv,
    budget,
    eventLoopDelay,
    settings,
    paths,
    version: talariaVersion(),
    clock,
    log,
  })
  await kanban.start()
  if (kanban.url !== undefined) log.info({ url: kanban.url }, `the kanban service listens on ${kanban.url}`)
  await shutdown.requested
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = error instanceof TalariaError && error.code === 'INVALID_CONFIG' ? EX_CONFIG : 1
}
