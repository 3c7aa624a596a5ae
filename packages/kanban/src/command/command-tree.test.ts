import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { openBoardShell } from '../testing/board-shell.ts'
import { commandMarkdown } from '../testing/command-markdown.ts'
import { CommandContext } from './command-context.ts'
import { createCommandTree } from './command-tree.ts'

describe('the tree of commands', () => {
  /** After a change: `npx vitest run --project kanban src/command/command-tree.test.ts --update`. */
  it('is what docs/kanban-cli.md says', async () => {
    await using shell = await openBoardShell([])
    const page = fileURLToPath(new URL('../../../../docs/kanban-cli.md', import.meta.url))
    await expect(commandMarkdown(treeOf(shell))).toMatchFileSnapshot(page)
  })

  it('describes everything in sentences, with --json and an example that is parsed as it stands', async () => {
    await using shell = await openBoardShell()
    for (const command of leavesOf(treeOf(shell))) {
      expect(command.description()).toMatch(/^[A-Z].*\.$/s)
      expect(command.options.map(({ long }) => long)).toContain('--json')
      const path = [...(command.parent?.parent ? [command.parent.name()] : []), command.name()]
      const { out } = await shell.run(...path, '--help')
      const examples = [...out.matchAll(/^ {2}talaria kanban (.*)$/gm)].map(([, line]) => line!)
      expect(examples.length, path.join(' ')).toBeGreaterThan(0)
      for (const example of examples)
        expect(example.startsWith(path.join(' ')) || command.aliases().some((alias) => example.startsWith(alias)), example).toBe(true)
    }
  })
})

function treeOf({ databases, clock }: Awaited<ReturnType<typeof openBoardShell>>): Command {
  const write = () => {}
  const signal = new AbortController().signal
  return createCommandTree(
    new CommandContext({ databases, clock, actor: 'cli', write, writeError: write, signal, isTerminal: false, isAdmin: true, canFollow: false }),
  )
}

function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}
