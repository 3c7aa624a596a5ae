import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { WorkspaceError } from './workspace-error.ts'

const run = promisify(execFile)

/** Longer than checking out a large repository from a slow disk. */
const GIT_TIMEOUT_MS = 120_000

/** What git prints. Never asks anybody anything. @throws WorkspaceError `worktree_failed` with what git said. */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('git', ['-C', folder, ...args], {
      timeout: GIT_TIMEOUT_MS,
      maxBuffer: 16 * 1_024 * 1_024,
      env: { ...gitEnvironment(), GIT_TERMINAL_PROMPT: '0' },
    })
    return stdout.trim()
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message
    throw new WorkspaceError('worktree_failed', `git ${args[0]} in ${folder}: ${said.slice(0, 1_000)}`, { cause: error })
  }
}

/** Variables by which git could be sent to another repository stay behind. */
function gitEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('GIT_')))
}
