import { talariaVersion } from '@talaria/core'
import { Command } from 'commander'
import { addBackup } from './commands/backup.ts'
import { addCron } from './commands/cron.ts'
import { addDoctor } from './commands/doctor.ts'
import { addHandles } from './commands/handles.ts'
import { addKanban } from './commands/kanban.ts'
import { addKeys } from './commands/keys.ts'
import { addLogs } from './commands/logs.ts'
import { addPairing } from './commands/pairing.ts'
import { addPlatform } from './commands/platform.ts'
import { addReload } from './commands/reload.ts'
import { addRestore } from './commands/restore.ts'
import { addSessions } from './commands/sessions.ts'
import { addSettings } from './commands/settings.ts'
import { addStatus } from './commands/status.ts'

const EXAMPLES = `
Examples:
  talaria status
  talaria handles
  talaria kanban create "Fix the log-in" --assignee coder
  talaria keys create "open webui" --scope chat
  talaria backup
`

/** The command line as a whole: every command with its arguments and options, not yet parsed. */
export function createProgram(): Command {
  const program = new Command('talaria')
    .description('Look after a Talaria home: what runs, who holds what, keys, backups. Reads TALARIA_HOME (default ~/.talaria).')
    .version(talariaVersion())
    .showHelpAfterError('Add --help for what there is.')
    .addHelpText('after', EXAMPLES)
    // Ends by an exception, which has the exit code that we choose.
    .exitOverride()
  for (const add of [
    addStatus,
    addHandles,
    addDoctor,
    addLogs,
    addPlatform,
    addPairing,
    addSessions,
    addCron,
    addKanban,
    addKeys,
    addBackup,
    addRestore,
    addSettings,
    addReload,
  ])
    add(program)
  return program
}
