import { codeOf, messageOf } from '@talaria/core'
import { CommanderError } from 'commander'
import { CommandContext } from './command-context.ts'
import type { KanbanCommandOptions } from './command-options.ts'
import { createCommandTree } from './command-tree.ts'

/** It could not be done, and nothing was changed. */
const REFUSED = 1

/** What was typed is not understood. */
const USAGE = 2

/**
 * Runs one command of `talaria kanban …`, which is the same as `/kanban …` in a chat. Speaks to the boards themselves, so
 * that it works whether a dispatcher runs or not.
 *
 * Resolves with the exit code: 0 done, 1 refused, 2 not understood. Never rejects for what was typed or what a board says.
 */
export async function runKanbanCommand(argv: readonly string[], options: KanbanCommandOptions): Promise<number> {
  const name = options.name ?? 'talaria kanban'
  try {
    const context = new CommandContext(options)
    await createCommandTree(context).parseAsync(argv.length === 0 ? ['--help'] : [...argv], { from: 'user' })
    return context.hasRefused ? REFUSED : 0
  } catch (error) {
    // What commander has to say it has said.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE
    const code = codeOf(error)
    if (code === undefined && !options.signal.aborted) throw error
    if (options.signal.aborted && code === undefined) return 0
    options.writeError(`${name}: ${messageOf(error)}\n`)
    return code === 'USAGE' || code === 'INVALID' ? USAGE : REFUSED
  }
}
