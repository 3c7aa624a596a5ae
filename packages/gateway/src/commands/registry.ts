import { closestName } from '@talaria/core/config'
import { approvalCommands } from './approval-commands.ts'
import { choiceCommands } from './choice-commands.ts'
import type { Command } from './command.ts'
import { historyCommands } from './history-commands.ts'
import { introductionCommands } from './introduction-commands.ts'
import { NOT_APPLICABLE, type NotApplicable } from './not-applicable.ts'
import { kanbanCommand } from './kanban-command.ts'
import { operationCommands } from './operation-commands.ts'
import { overviewCommands } from './overview-commands.ts'
import { sessionCommands } from './session-commands.ts'
import { turnCommands } from './turn-commands.ts'

/** Every command that does something: what help, completion, the API and the documentation are made of. */
export const COMMANDS: readonly Command[] = [
  ...sessionCommands,
  ...historyCommands,
  ...turnCommands,
  ...approvalCommands,
  ...choiceCommands,
  ...introductionCommands(() => COMMANDS),
  ...overviewCommands,
  kanbanCommand,
  ...operationCommands,
]

const byName = new Map<string, Command | NotApplicable>(
  [...NOT_APPLICABLE, ...COMMANDS].flatMap((command) => [command.name, ...command.aliases].map((name): [string, Command | NotApplicable] => [name, command])),
)

/** The command of this name or alias. */
export function findCommand(name: string): Command | NotApplicable | undefined {
  return byName.get(name)
}

/** The command that was probably meant; only one that does something. */
export function closestCommand(name: string): string | undefined {
  return closestName(
    name,
    COMMANDS.flatMap((command) => [command.name, ...command.aliases]),
  )
}
