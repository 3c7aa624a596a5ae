import type { Clock } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import type { KanbanCommandOptions } from '../command/command-options.ts'
import { runKanbanCommand } from '../command/kanban-command.ts'
import { openTestBoards, type TestBoards } from './test-board.ts'

/** How a command ended, and all that it said. */
export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface BoardShell extends TestBoards {
  readonly clock: FakeClock
  run(...argv: readonly string[]): Promise<Said>
  /** The same by somebody else, or somewhere else. */
  runWith(options: Partial<KanbanCommandOptions>, ...argv: readonly string[]): Promise<Said>
  /** What a command with `--json` found; fails when it does not end with 0. */
  json<Value = any>(...argv: readonly string[]): Promise<Value>
}

/** A command line over real boards, to be disposed by `await using`. */
export async function openBoardShell(
  slugs: readonly string[] = ['default'],
  { clock = new FakeClock() }: { readonly clock?: FakeClock } = {},
): Promise<BoardShell> {
  const boards = await openTestBoards(slugs, { clock: clock satisfies Clock })
  const runWith = async (options: Partial<KanbanCommandOptions>, ...argv: readonly string[]): Promise<Said> => {
    let [out, err] = ['', '']
    const code = await runKanbanCommand(argv, {
      databases: boards.databases,
      clock,
      actor: 'cli',
      write: (text) => (out += text),
      writeError: (text) => (err += text),
      signal: new AbortController().signal,
      isTerminal: false,
      isAdmin: true,
      canFollow: true,
      ...options,
    })
    return { code, out, err }
  }
  const run = (...argv: readonly string[]) => runWith({}, ...argv)
  return {
    ...boards,
    clock,
    run,
    runWith,
    async json(...argv) {
      const { code, out, err } = await run(...argv, '--json')
      if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${err}`)
      return JSON.parse(out)
    },
  }
}
