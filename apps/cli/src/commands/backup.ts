import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog, systemClock as clock, TalariaError } from '@talaria/core'
import { InvalidArgumentError, type Command } from 'commander'
import { z } from 'zod'
import { readConfig, type Config } from '../config.ts'
import { gatewayClient } from '../gateway-client.ts'
import { ProgressLine } from '../progress-line.ts'
import { serverSentEvents } from '../server-sent-events.ts'
import type { ServiceClient } from '../service-client.ts'

const Event = z.discriminatedUnion('event', [
  z.object({ event: z.literal('progress'), done: z.number(), total: z.number() }),
  z.object({ event: z.literal('completed'), file: z.string() }),
  z.object({ event: z.literal('failed'), message: z.string() }),
])

/** `talaria backup`: a copy of gateway.db, made while it is in use and checked. */
export function addBackup(program: Command): void {
  program
    .command('backup')
    .description('Copy gateway.db to the folder for backups, and check the copy. Asks the running gateway; opens the database itself when none runs.')
    .option('--name <file>', 'name of the file; made of the time unless given', fileName)
    .action(async ({ name }: { name?: string }) => {
      const config = await readConfig()
      const client = gatewayClient(config)
      const file = (await client.isRunning()) ? await backUpRunning(client, name) : await backUpStopped(config, name)
      console.log(`Backed up to ${file}, checked and sound.`)
    })
}

async function backUpRunning(client: ServiceClient, name: string | undefined): Promise<string> {
  using progress = new ProgressLine('Copying')
  const response = await client.request('POST', '/api/backups', name === undefined ? {} : { name })
  const ended = 'The gateway ended before the backup was complete. Nothing was kept of it; try again.'
  try {
    for await (const data of serverSentEvents(response)) {
      const event = Event.parse(JSON.parse(data))
      if (event.event === 'completed') return event.file
      if (event.event === 'failed') throw new TalariaError('BACKUP_FAILED', `The backup failed: ${event.message}`)
      progress.show(event.done, event.total)
    }
  } catch (error) {
    throw error instanceof TalariaError ? error : new TalariaError('BACKUP_FAILED', ended, { cause: error })
  }
  throw new TalariaError('BACKUP_FAILED', ended)
}

async function backUpStopped({ paths }: Config, name = `gateway-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')}.db`): Promise<string> {
  // Opening it would make an empty one.
  if (!existsSync(paths.gatewayDb)) throw new TalariaError('NOT_FOUND', `There is nothing to back up: ${paths.gatewayDb} does not exist.`)
  const { openDatabases } = await import('@talaria/db')
  await using databases = openDatabases({ service: 'gateway', locations: { gateway: { file: paths.gatewayDb } }, clock, log: silentLog })
  using progress = new ProgressLine('Copying')
  const file = join(paths.backupsDir, name)
  await databases.backUp(file, { onProgress: (done, total) => progress.show(done, total) })
  return file
}

/** As the gateway has it: a name in the folder for backups, no path out of it. */
function fileName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(text)) return text
  throw new InvalidArgumentError('Expected a file name of letters, digits, . _ and -')
}
