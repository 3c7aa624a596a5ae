import { join, resolve } from 'node:path'
import { silentLog, systemClock as clock, TalariaError } from '@talaria/core'
import { openDatabases } from '@talaria/db'
import type { Command } from 'commander'
import { z } from 'zod'
import { readConfig } from '../config.ts'
import { showProgress } from '../progress.ts'
import type { ServiceClient } from '../service-client.ts'
import { gatewayClient } from '../services.ts'
import { serverSentEvents } from '../server-sent-events.ts'

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
    .option('--name <file>', 'name of the file; made of the time unless given')
    .action(async ({ name }: { name?: string }) => {
      const client = await gatewayClient()
      const file = (await client.isRunning()) ? await backUpRunning(client, name) : await backUpStopped(name)
      showProgress.end()
      console.log(`Backed up to ${file}, checked and sound.`)
    })
}

async function backUpRunning(client: ServiceClient, name: string | undefined): Promise<string> {
  const response = await client.request('POST', '/api/backups', name === undefined ? {} : { name })
  for await (const data of serverSentEvents(response)) {
    const event = Event.parse(JSON.parse(data))
    if (event.event === 'completed') return event.file
    if (event.event === 'failed') throw new TalariaError('REFUSED', `The backup failed: ${event.message}`)
    showProgress('Copying', event.done, event.total)
  }
  throw new TalariaError('REFUSED', 'The gateway ended before the backup was complete. Nothing was kept of it; try again.')
}

async function backUpStopped(name: string | undefined): Promise<string> {
  const { paths } = await readConfig()
  await using databases = openDatabases({ service: 'gateway', locations: { gateway: { file: paths.gatewayDb } }, clock, log: silentLog })
  const file = resolve(join(paths.backupsDir, name ?? `gateway-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')}.db`))
  await databases.backUp(file, { onProgress: (done, total) => showProgress('Copying', done, total) })
  return file
}
