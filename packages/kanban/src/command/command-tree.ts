import { Command } from 'commander'
import { addApprovals } from './approval-commands.ts'
import { addBoards } from './board-commands.ts'
import { addChanges } from './change-commands.ts'
import type { CommandContext } from './command-context.ts'
import { addCreate } from './create-command.ts'
import { addGc } from './gc-command.ts'
import { addList } from './list-command.ts'
import { addMoves } from './move-commands.ts'
import { addOverview } from './overview-commands.ts'
import { addRuns } from './run-commands.ts'
import { addShow } from './show-command.ts'
import { addSubscriptions } from './subscription-commands.ts'
import { addTalk } from './talk-commands.ts'
import { addWatches } from './watch-commands.ts'

/** A page that reads well, whatever it is read on. */
const HELP_WIDTH = 110

/** Every command with its arguments and options, not yet parsed. */
export function createCommandTree(context: CommandContext): Command {
  const { write, writeError } = context.options
  const kanban = new Command(context.name)
    .description('Boards of tasks, and the workers that do them.')
    .option('--board <slug>', 'the board; the one chosen with boards switch unless given')
    .on('option:board', (slug: string) => (context.namedBoard = slug))
    .showHelpAfterError('Add --help for what there is.')
    .configureOutput({
      writeOut: write,
      writeErr: writeError,
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    // Ends by an exception, which has the exit code that we choose.
    .exitOverride()
  for (const add of [
    addCreate,
    addList,
    addShow,
    addWatches,
    addOverview,
    addMoves,
    addChanges,
    addTalk,
    addRuns,
    addApprovals,
    addSubscriptions,
    addBoards,
    addGc,
  ])
    add(kanban, context)
  return kanban
}
