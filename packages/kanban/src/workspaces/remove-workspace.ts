import { lstat, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkspaceWish } from '@talaria/db'
import { isInside, realPathOf } from './contained-path.ts'
import { scratchPath, type WorkspaceOwner, type WorkspacePlaces } from './prepare-workspace.ts'
import { removeWorktree } from './worktree.ts'

/** `refused`: it is not strictly inside the folder of workspaces, or a link leads out of it. */
export type WorkspaceRemoval = 'removed' | 'kept' | 'kept_changes' | 'absent' | 'refused'

/**
 * Removes what was made for a task, and nothing else: a folder that was there before is never touched, and a folder that
 * a link has taken the place of is left alone.
 */
export async function removeWorkspace(wish: WorkspaceWish, owner: WorkspaceOwner, places: WorkspacePlaces): Promise<WorkspaceRemoval> {
  if (wish.kind === 'dir' || wish.keep) return 'kept'
  const path = scratchPath(owner, places)
  const found = await lstat(path).catch(() => undefined)
  if (!found) return 'absent'
  const root = await realPathOf(places.root)
  const isOurs = found.isDirectory() && isInside(path, places.root) && (await realPathOf(path)) === join(root, owner.board, String(owner.taskNumber))
  if (!isOurs) return 'refused'
  if (wish.kind === 'worktree') return removeWorktree(places.git, path)
  await rm(path, { recursive: true, force: true })
  return 'removed'
}
