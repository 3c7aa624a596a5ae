import { mkdir, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { realPathOf } from './contained-path.ts'
import type { Git } from './git.ts'
import { WorkspaceError } from './workspace-error.ts'

export interface WorktreeRequest {
  readonly git: Git
  readonly repository: string
  readonly path: string
  readonly branch: string
}

/**
 * A worktree of `repository` at `path` on `branch`: a new branch from where the repository stands, or the one of that name.
 * One that is there already is taken as it is, with what an earlier attempt left in it.
 *
 * @throws WorkspaceError `worktree_failed`
 */
export async function prepareWorktree({ git, repository, path, branch }: WorktreeRequest): Promise<{ readonly path: string; readonly branch: string }> {
  await git(repository, 'check-ref-format', '--branch', branch)
  const known = await branchAt(git, repository, await realPathOf(path))
  if (known === branch) return { path: await realPathOf(path), branch }
  if (known !== undefined || (await exists(path))) {
    throw new WorkspaceError('worktree_failed', `${path} is in use by something else${known === undefined ? '' : ` (branch ${known})`}.`)
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // Of worktrees whose folder somebody removed, which would keep their branch.
  await git(repository, 'worktree', 'prune')
  const isThere = await git(repository, 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`).then(
    () => true,
    () => false,
  )
  try {
    await git(repository, 'worktree', 'add', ...(isThere ? [path, branch] : ['-b', branch, path]))
  } catch (error) {
    await rm(path, { recursive: true, force: true })
    throw error
  }
  return { path: await realPathOf(path), branch }
}

/** What became of a worktree that is not needed any more. */
export type WorktreeRemoval = 'removed' | 'kept_changes' | 'absent'

/**
 * Removes a worktree that holds nothing uncommitted. Its branch goes too when it has no commit of its own, and stays
 * otherwise: nothing that was made is lost.
 */
export async function removeWorktree(git: Git, path: string): Promise<WorktreeRemoval> {
  if (!(await exists(path))) return 'absent'
  if ((await git(path, 'status', '--porcelain', '--ignored=no')) !== '') return 'kept_changes'
  const common = await git(path, 'rev-parse', '--path-format=absolute', '--git-common-dir')
  const branch = await git(path, 'rev-parse', '--abbrev-ref', 'HEAD')
  await git(common, 'worktree', 'remove', path)
  // Refused for a branch with commits of its own: -d, not -D.
  if (branch.startsWith('talaria/')) await git(common, 'branch', '-d', branch).catch(() => undefined)
  return 'removed'
}

async function branchAt(git: Git, repository: string, path: string): Promise<string | undefined> {
  const listing = await git(repository, 'worktree', 'list', '--porcelain', '-z')
  for (const entry of listing.split('\0\0')) {
    const lines = entry.split('\0')
    if (lines[0] === `worktree ${path}`) return lines.find((line) => line.startsWith('branch refs/heads/'))?.slice('branch refs/heads/'.length) ?? '(none)'
  }
  return undefined
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
