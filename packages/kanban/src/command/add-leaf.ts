import type { Command } from 'commander'

/** What every command takes. */
export interface Json {
  readonly json?: boolean
}

interface Leaf {
  readonly description: string
  /** What one types after the name of the whole, as `create "Fix the log-in" --assignee coder`. */
  readonly examples: readonly string[]
  readonly aliases?: readonly string[]
  /** Whether it is what the command above it does alone. */
  readonly isDefault?: boolean
}

/** Adds a command that does something, with `--json` and examples in its help. `usage` is its name and its arguments. */
export function addLeaf(parent: Command, usage: string, { description, examples, aliases = [], isDefault = false }: Leaf): Command {
  return (
    parent
      .command(usage, { isDefault })
      .aliases([...aliases])
      .description(description)
      // Lists of commands have the first sentence.
      .summary(description.replace(/(?<=\w)[.:;](?=\s)[^]*$/, '.'))
      .option('--json', 'print JSON')
      .addHelpText('after', ({ command }) => `\nExamples:\n${examples.map((example) => `  ${rootOf(command).name()} ${example}`).join('\n')}\n`)
  )
}

function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command
}
