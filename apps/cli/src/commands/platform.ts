import { systemClock as clock } from '@talaria/core'
import { platformStatusSchema, type PlatformStatus } from '@talaria/core/contracts'
import type { Command } from 'commander'
import { z } from 'zod'
import { age } from '../age.ts'
import { readConfig } from '../config.ts'
import { gatewayClient } from '../gateway-client.ts'
import { printJson } from '../print-json.ts'
import { table } from '../table.ts'

const Platforms = z.object({ data: z.array(platformStatusSchema) })

/** `talaria platform`: how the chat platforms are doing, and what is to become of them. */
export function addPlatform(program: Command): void {
  const platform = program.command('platform').description('List, pause, resume and reconnect chat platforms. Asks the running gateway.')
  addList(platform)
  addChange(platform, 'pause', 'Disconnect a platform, and keep it so over restarts.')
  addChange(platform, 'resume', 'End the pause of a platform.')
  addChange(platform, 'reconnect', 'Connect a platform anew, at once, whatever it waits for.')
}

function addList(platform: Command): void {
  platform
    .command('list')
    .description('List the platforms, with their state and why they are in it.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const { data } = await gatewayClient(await readConfig()).ask('GET', '/api/platforms', Platforms)
      if (options.json) return printJson(data)
      console.log(table(['PLATFORM', 'STATE', 'SINCE', 'ATTEMPTS', 'NEXT ATTEMPT', 'WHY'], data.map(rowOf)))
    })
}

function addChange(platform: Command, change: 'pause' | 'resume' | 'reconnect', description: string): void {
  platform
    .command(change)
    .description(description)
    .argument('<name>', 'its name, as the list has it')
    .action(async (name: string) => {
      const client = gatewayClient(await readConfig())
      const status = await client.ask('POST', `/api/platforms/${encodeURIComponent(name)}/${change}`, platformStatusSchema)
      console.log(`'${status.name}' is ${status.state.replaceAll('_', ' ')}.`)
    })
}

function rowOf({ name, state, since, attempts, nextAttemptAt, reason }: PlatformStatus): readonly string[] {
  const now = clock.now()
  const next = nextAttemptAt === null ? '' : `in ${age(now, Math.max(now, nextAttemptAt))}`
  return [name, state, `${age(since, now)} ago`, String(attempts), next, reason ?? '']
}
