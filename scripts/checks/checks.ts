import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { testProjectOf } from './packages.ts'

type Command = readonly [program: string, ...args: string[]]

/** One thing that is checked: what it runs, and what to do when it fails. */
export interface Check {
  /** One word, as on the command line of `pnpm check`. */
  readonly name: string
  readonly what: string
  readonly mend: string
  /** Its programs for these packages; none if only the repository as a whole can be checked. */
  readonly commands: (folders: readonly string[]) => readonly Command[]
  /** Its programs for the whole repository, where they are others. */
  readonly commandsForAll?: readonly Command[]
}

/** What `pnpm check` checks besides the tests, quickest first. */
export const CHECKS: readonly Check[] = [
  {
    name: 'format',
    what: 'the formatting',
    mend: 'Run `pnpm format`.',
    commands: (folders) => [['oxfmt', '--check', ...folders]],
    commandsForAll: [['oxfmt', '--check']],
  },
  {
    name: 'boundaries',
    what: 'who depends on whom',
    mend: 'The graph is in ARCHITECTURE.md. A service gets the ability of another from its main.ts, not by import.',
    commands: () => [],
    commandsForAll: [['turbo', 'boundaries']],
  },
  {
    name: 'lint',
    what: 'rules and fences',
    mend: 'Each message says what to do instead; `pnpm lint --fix` does what a machine can.',
    commands: (folders) => [['oxlint', ...folders]],
    commandsForAll: [['oxlint']],
  },
  {
    name: 'types',
    what: 'the types of each package',
    mend: '`pnpm check types packages/NAME` repeats it for one package.',
    commands: (folders) => folders.filter((folder) => existsSync(join(folder, 'tsconfig.json'))).map((folder) => ['tsc', '-p', folder]),
    commandsForAll: [['tsc', '-p', '.']],
  },
  {
    name: 'unused',
    what: 'code and dependencies that nobody uses',
    mend: 'Remove what is listed; what only a file itself uses loses its `export`.',
    commands: () => [],
    commandsForAll: [['knip', '--no-config-hints', '--no-progress']],
  },
]

/** What runs the tests of these packages, or of all. */
export function testCommand(folders: readonly string[]): Command {
  return ['vitest', 'run', ...folders.flatMap((folder) => ['--project', testProjectOf(folder)])]
}
