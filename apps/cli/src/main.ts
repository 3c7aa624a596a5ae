import { messageOf, talariaVersion } from '@talaria/core'
import { Command } from 'commander'
import { addBackup } from './commands/backup.ts'
import { addDoctor } from './commands/doctor.ts'
import { addHandles } from './commands/handles.ts'
import { addKeys } from './commands/keys.ts'
import { addRestore } from './commands/restore.ts'
import { addSettings } from './commands/settings.ts'
import { addStatus } from './commands/status.ts'

const program = new Command('talaria')
  .description('Look after a Talaria home: what runs, who holds what, keys, backups. Reads TALARIA_HOME (default ~/.talaria).')
  .version(talariaVersion())
  .showHelpAfterError('Add --help for what there is.')
  .addHelpText('after', '\nExamples:\n  talaria status\n  talaria handles\n  talaria keys create "open webui" --scope chat\n  talaria backup\n')

for (const add of [addStatus, addHandles, addDoctor, addKeys, addBackup, addRestore, addSettings]) add(program)

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
