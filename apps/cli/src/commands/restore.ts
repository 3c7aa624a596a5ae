import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { systemClock as clock } from '@talaria/core'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'

/** `talaria restore`: a backup in the place of gateway.db. */
export function addRestore(program: Command): void {
  program
    .command('restore')
    .description('Put a backup in the place of gateway.db. The gateway must be stopped; what was there is kept beside it. Works on the files.')
    .argument('<file>', 'the backup: a path, or a name in the folder for backups')
    .action(async (file: string) => {
      const { paths } = await readConfig()
      const named = join(paths.backupsDir, file)
      const backup = existsSync(file) || !existsSync(named) ? resolve(file) : named
      const { restoreGateway } = await import('@talaria/db')
      const former = await restoreGateway({ backup, location: { file: paths.gatewayDb }, clock })
      console.log(`Restored ${paths.gatewayDb} from ${backup}, checked and sound.`)
      if (former !== undefined) console.log(`What was there before is now ${former}; remove it when you no longer need it.`)
    })
}
