import { serviceStatusSchema, type PlatformStatus, type ServiceStatus } from '@talaria/core/contracts'
import { planApiServer } from '@talaria/gateway'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { gatewayClient } from '../services.ts'
import { age, table } from '../table.ts'

/** `talaria status`: what runs, and what would not start and why. Asks the services that run, and reads the settings of those that do not. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description('Show what runs, and why what does not run does not. Asks the running services; works without any.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const status = await statusOfGateway()
      if (options.json) return console.log(JSON.stringify(status, null, 2))
      console.log(`gateway: ${inWords(status)} (${status.url})\n`)
      console.log(table(['PLATFORM', 'STATE', 'WHY'], status.platforms.map((platform) => [platform.name, platform.state, platform.reason ?? ''])))
    })
}

interface GatewayStatus {
  readonly running: boolean
  readonly url: string
  /** What it says of itself; absent when it does not run, or lets nobody in. */
  readonly process?: ServiceStatus
  readonly platforms: readonly PlatformStatus[]
}

async function statusOfGateway(): Promise<GatewayStatus> {
  const client = await gatewayClient()
  const { settings } = await readConfig()
  const plan = planApiServer(settings)
  const planned: PlatformStatus = { name: 'api_server', state: plan.state === 'ready' ? 'stopped' : plan.state, reason: plan.state === 'ready' ? null : plan.reason, since: Date.now() }
  const running = await client.isRunning()
  if (!running || plan.state !== 'ready') return { running, url: client.url, platforms: [planned] }
  const status = await client.ask('GET', '/status', serviceStatusSchema)
  return { running, url: client.url, process: status, platforms: status.platforms }
}

function inWords({ running, process }: GatewayStatus): string {
  if (!running) return 'not running'
  return process ? `${process.status}, process ${process.pid}, for ${age(process.startedAt, Date.now())}` : 'running, but it lets nobody in'
}
