import { createAgent } from '@talaria/agent'
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
import { startHttpServer } from '@talaria/core/http'
import { openDatabases } from '@talaria/db'
import { agentSettingsOf, Gateway, isApiServerWanted, planApiServer } from '@talaria/gateway'
import { readConfig } from './config.ts'

/** Of sysexits.h: something in the configuration; starting again changes nothing. */
const EX_CONFIG = 78

/** Beyond the runs' own grace period: for writing how they ended, and for the last answers to go out. */
const CLOSING_MS = 5_000

/** Beyond the same, before whatever holds up the end, such as another process's lock on the database, is left as it is. */
const GIVING_UP_MS = 15_000

async function main(): Promise<void> {
  const { paths, settings } = await readConfig()
  const log = createLog('gateway', { level: settings.logLevel })
  const plan = planApiServer(settings)
  if (plan.state !== 'ready' && !isApiServerWanted(settings)) {
    throw new TalariaError(
      'NOTHING_ENABLED',
      `No platform is enabled. ${plan.reason} Settings are read from the environment, ${paths.envFile} and ${paths.configFile}.`,
    )
  }
  using shutdown = listenForShutdown({ log, deadlineMs: settings.shutdownGrace + GIVING_UP_MS })
  await using databases = openDatabases({ service: 'gateway', locations: { gateway: { file: paths.gatewayDb } }, clock, log })
  await using agent = createAgent({ settings: agentSettingsOf(settings), clock, log })
  await using budget = startDescriptorBudget({ clock, log, isDatabase: (path) => path.startsWith(paths.home) })
  using eventLoopDelay = startEventLoopDelay({ clock })
  await using gateway = new Gateway({ databases, agent, budget, eventLoopDelay, settings, paths, version: talariaVersion(), clock, log })
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
  await shutdown.requested
}

try {
  await main()
} catch (error) {
  const code = error instanceof TalariaError ? error.code : undefined
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = code === 'INVALID_CONFIG' || code === 'NOTHING_ENABLED' || code === 'invalid_settings' ? EX_CONFIG : 1
}
