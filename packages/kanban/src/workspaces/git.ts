import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Env } from '@talaria/core'
import { WorkspaceError } from './workspace-error.ts'

const run = promisify(execFile)

/** Longer than checking out a large repository from a slow disk. */
const GIT_TIMEOUT_MS = 120_000

/** Runs git in a folder and gives what it prints. @throws WorkspaceError `worktree_failed` with what git said */
export type Git = (folder: string, ...args: readonly string[]) => Promise<string>

/** Git as it is found by `env`. It never asks anybody anything, and variables that would send it to another repository stay behind. */
export function createGit(env: Env): Git {
  const variables = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')))
  return async (folder, ...args) => {
    try {
      const { stdout } = await run('git', ['-C', folder, ...args], {
        timeout: GIT_TIMEOUT_MS,
        maxBuffer: 16 * 1_024 * 1_024,
        env: { ...variables, GIT_TERMINAL_PROMPT: '0' },
      })
      return stdout.trim()
    } catch (error) {
      const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message
      throw new WorkspaceError('worktree_failed', `git ${args[0]} in ${folder}: ${said.slice(0, 1_000)}`, { cause: error })
    }
  }
}
