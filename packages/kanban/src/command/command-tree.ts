import { Command } from 'commander'
import { addApprovals } from './approval-commands.ts'
import { addBoards } from './board-commands.ts'
import { addChanges } from './change-commands.ts'
import type { CommandContext } from './command-context.ts'
import { addContext } from './context-command.ts'
import { addCreate } from './create-command.ts'
import { addDecompose } from './decompose-command.ts'
import { addGc } from './gc-command.ts'
import { addGraphs } from './graph-commands.ts'
import { addList } from './list-command.ts'
import { addMoves } from './move-commands.ts'
import { addOverview } from './overview-commands.ts'
import { addRoutines } from './routine-commands.ts'
import { addRuns } from './run-commands.ts'
import { addSearch } from './search-command.ts'
import { addShow } from './show-command.ts'
import { addSubscriptions } from './subscription-commands.ts'
import { addTalk } from './talk-commands.ts'
import { addWatches } from './watch-commands.ts'

/** A page that reads well, whatever it is read on. */
const HELP_WIDTH = 110

/** Commands by what one wants, in the order in which one needs them. */
const GROUPS: Readonly<Record<string, readonly ((kanban: Command, context: CommandContext) => void)[]>> = {
  'Make and look:': [addCreate, addGraphs, addRoutines, addList, addSearch, addShow, addContext, addWatches, addOverview],
  'Move:': [addMoves, addDecompose],
  'Change:': [addChanges, addTalk],
  'Work under way:': [addRuns, addApprovals, addSubscriptions],
  'Boards:': [addBoards, addGc],
}

const EXAMPLES = ['create "Fix the log-in" --assignee coder', 'list --mine', 'why 12', 'create --help']

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
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText(
      'after',
      EXAMPLES.map((example) => `  ${context.name} ${example}\n`)
        .join('')
        .replace(/^/, '\nExamples:\n'),
    )
    // Ends by an exception, which has the exit code that we choose.
    .exitOverride()
    .helpCommand('help [command]', 'Explain a command.')
  for (const [heading, adds] of Object.entries(GROUPS)) {
    kanban.commandsGroup(heading)
    for (const add of adds) add(kanban, context)
  }
  return kanban
}
