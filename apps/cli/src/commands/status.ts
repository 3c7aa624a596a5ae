import { messageOf, systemClock as clock } from '@talaria/core'
import { serviceStatusSchema, type PlatformStatus, type ServiceStatus } from '@talaria/core/contracts'
import { planApiServer } from '@talaria/gateway/api-server-plan'
import { PLATFORMS } from '@talaria/gateway/platforms'
import type { Command } from 'commander'
import { z } from 'zod'
import { age } from '../age.ts'
import { readConfig, type Config } from '../config.ts'
import { gatewayClient, kanbanClient } from '../gateway-client.ts'
import { printJson } from '../print-json.ts'
import { table } from '../table.ts'

/** `talaria status`: what runs, and what would not start and why. Asks the services that run, and reads the settings of those that do not. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description('Show what runs, and why what does not run does not. Asks the running services; works without any.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const config = await readConfig()
      const status = await statusOfGateway(config)
      const kanban = await statusOfKanban(config)
      if (options.json) return printJson({ ...status, kanban })
      console.log(`gateway: ${inWords(status)} (${status.url})\n`)
      console.log(
        table(
          ['PLATFORM', 'STATE', 'WHY'],
          status.platforms.map((platform) => [platform.name, platform.state, platform.reason ?? '']),
        ),
      )
      console.log(`\nkanban: ${kanbanInWords(kanban)} (${kanban.url})`)
    })
}

/** What a dispatcher says of itself, as far as it is shown. */
const dispatcherStatusSchema = z.object({
  isPaused: z.boolean(),
  running: z.number(),
  maxRunning: z.number(),
  illBoards: z.array(z.object({ board: z.string(), reason: z.string() })),
})

interface KanbanStatus {
  readonly running: boolean
  readonly url: string
  readonly dispatcher?: z.output<typeof dispatcherStatusSchema>
  readonly problem?: string
}

async function statusOfKanban(config: Config): Promise<KanbanStatus> {
  const client = kanbanClient(config)
  const running = await client.isRunning()
  if (!running) return { running, url: client.url }
  try {
    return { running, url: client.url, dispatcher: await client.ask('GET', '/status', dispatcherStatusSchema) }
  } catch (error) {
    return { running, url: client.url, problem: messageOf(error) }
  }
}

function kanbanInWords({ running, dispatcher, problem }: KanbanStatus): string {
  if (!running) return 'not running'
  if (!dispatcher) return `running, but it does not say how it is: ${problem}`
  const ill = dispatcher.illBoards.map(({ board, reason }) => `; board ${board} cannot be used: ${reason}`).join('')
  return `${dispatcher.isPaused ? 'paused' : 'running'}, ${dispatcher.running} of ${dispatcher.maxRunning} workers${ill}`
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
