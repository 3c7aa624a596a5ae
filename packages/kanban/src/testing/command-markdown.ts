import type { Command } from 'commander'

const INTRODUCTION = `# Boards on the command line, and in chats

\`talaria kanban …\` in a terminal and \`/kanban …\` in a chat are the same commands. They work on the boards themselves, whether a dispatcher
runs or not; who makes a task while none runs is told so.

A task is named by its number (\`12\`, \`#12\`), its id, or a beginning of its id. The board is the one that \`--board\` names, else the one
chosen with \`boards switch\`, else the only one there is, else \`default\`, which is made by its first task.

With \`--json\` standard output is JSON and nothing else; \`watch\` and \`tail\` write an event a line. What went wrong goes to standard error.
Colours are for terminals, unless \`NO_COLOR\` is set.

| exit code | |
| --- | --- |
| 0 | done |
| 1 | refused: there is no such task, or what it is does not allow that; nothing was changed, or, of several tasks, not of those that are named |
| 2 | what was typed is not understood |

Times are written as \`in 2h\`, \`30m\`, \`17:00\`, \`tomorrow\`, \`tomorrow 9:00\`, \`friday 9:00\` or \`2030-01-31T09:00\`, in the time zone of whoever
reads them: the terminal, or the gateway. A length of time is \`30s\`, \`5m\`, \`2h\` or \`1d\`; a number alone is seconds.

## In chats

\`/kanban\` works while an answer is being written. A task that is made in a chat remembers its conversation: the chat is told what becomes
of it, and the conversation is woken (\`--no-subscribe\` makes one that is not; so does \`--json\`). Texts with blanks stand in quotes of any
sort; what runs over the length of a message is cut, and says so; \`watch\` and \`tail\` show what there is, and do not go on.

Whoever may talk to the agent may use it. What reaches beyond the boards is for admins: files and commands of the host (\`attach\`,
\`--body-file\`, \`--workspace dir\` and \`worktree\`, \`--check\`, \`--gate command\`), telling other chats, conversations and URLs, deleting a board,
and removing for good.
`

/** The page of documentation for every command of a tree. */
export function commandMarkdown(tree: Command): string {
  return [INTRODUCTION, ...leavesOf(tree).map(sectionOf)].join('\n')
}

function sectionOf(command: Command): string {
  const aliases = command.aliases().map((alias) => `\`${alias}\``)
  const words = [command.description(), ...(aliases.length > 0 ? [`Also: ${aliases.join(', ')}.`] : [])].join(' ')
  const rows = command.options.map((option) => {
    const choices = option.argChoices ? `: ${option.argChoices.map((choice) => `\`${choice}\``).join(', ')}` : ''
    const fallback = option.defaultValue === undefined || typeof option.defaultValue === 'boolean' ? '' : `; ${String(option.defaultValue)} unless given`
    return `| \`${option.flags}\` | ${option.description}${choices}${fallback} |`
  })
  return [`## \`${usageOf(command)}\``, '', words, '', '| option | |', '| --- | --- |', ...rows, ''].join('\n')
}

function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

function usageOf(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? '…' : '')
    return argument.required ? `<${name}>` : `[${name}]`
  })
  const words = [command.name(), ...args].join(' ')
  return command.parent?.parent ? `${usageOf(command.parent)} ${words}` : words
}
