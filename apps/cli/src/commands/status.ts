import { messageOf, systemClock as clock } from '@talaria/core'
import { serviceStatusSchema, type PlatformStatus, type ServiceStatus } from '@talaria/core/contracts'
import { planApiServer } from '@talaria/gateway/api-server-plan'
import { PLATFORMS } from '@talaria/gateway/platforms'
import type { Command } from 'commander'
import { age } from '../age.ts'
import { readConfig, type Config } from '../config.ts'
import { gatewayClient } from '../gateway-client.ts'
import { printJson } from '../print-json.ts'
import { table } from '../table.ts'

/** `talaria status`: what runs, and what would not start and why. Asks the services that run, and reads the settings of those that do not. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description('Show what runs, and why what does not run does not. Asks the running services; works without any.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const status = await statusOfGateway(await readConfig())
      if (options.json) return printJson(status)
      console.log(`gateway: ${inWords(status)} (${status.url})\n`)
      console.log(
        table(
          ['PLATFORM', 'STATE', 'WHY'],
          status.platforms.map((platform) => [platform.name, platform.state, platform.reason ?? '']),
        ),
      )
    })
}

interface GatewayStatus {
  readonly running: boolean
  readonly url: string
  /** What it says of itself; absent when it does not run, or does not tell us. */
  readonly process?: ServiceStatus
  /** Why it runs and does not tell. */
  readonly problem?: string
  readonly platforms: readonly PlatformStatus[]
}

async function statusOfGateway(config: Config): Promise<GatewayStatus> {
  const client = gatewayClient(config)
  const running = await client.isRunning()
  const bySettings = { running, url: client.url, platforms: plannedPlatforms(config) }
  if (!running) return bySettings
  try {
    const status = await client.ask('GET', '/status', serviceStatusSchema)
    return { running, url: client.url, process: status, platforms: status.platforms }
  } catch (error) {
    return { ...bySettings, problem: messageOf(error) }
  }
}

/** What the settings alone say about them. */
function plannedPlatforms({ settings }: Config): readonly PlatformStatus[] {
  const plans = [
    { name: 'api_server', plan: planApiServer(settings) },
    ...PLATFORMS.map((definition) => ({ name: definition.name, plan: definition.plan(settings) })),
  ]
  return plans.map(({ name, plan }) => {
    const [state, reason] = plan.state === 'ready' ? (['stopped', null] as const) : [plan.state, plan.reason]
    return { name, state, reason, since: clock.now(), nextAttemptAt: null, attempts: 0 }
  })
}

function inWords({ running, process, problem }: GatewayStatus): string {
  if (!running) return 'not running'
  return process
    ? `${process.status}, process ${process.pid}, for ${age(process.startedAt, clock.now())}`
    : `running, but it does not say how it is: ${problem}`
}
