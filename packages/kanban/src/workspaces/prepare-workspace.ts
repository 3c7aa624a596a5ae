import { mkdir, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { WorkspaceWish } from '@talaria/db'
import type { Git } from './git.ts'
import { isInside, realPathOf } from './contained-path.ts'
import { WorkspaceError } from './workspace-error.ts'
import { prepareWorktree } from './worktree.ts'

/** Where workspaces are made, and where none may be. */
export interface WorkspacePlaces {
  /** The folder that holds all that we make, one folder a board and a task. */
  readonly root: string
  /** The installation's home: its databases and secrets are nobody's workspace. */
  readonly home: string
  readonly git: Git
}

/** Which task a workspace is for. */
export interface WorkspaceOwner {
  readonly board: string
  readonly taskNumber: number
}

/** A workspace that is there. */
export interface Workspace {
  readonly path: string
  readonly kind: WorkspaceWish['kind']
  readonly branch?: string
}

/**
 * Makes the workspace that a task asks for, or finds the one that an earlier attempt worked in.
 *
 * @throws WorkspaceError
 */
export async function prepareWorkspace(wish: WorkspaceWish, owner: WorkspaceOwner, places: WorkspacePlaces): Promise<Workspace> {
  if (wish.kind === 'scratch') return { kind: 'scratch', path: await makeFolder(scratchPath(owner, places)) }
  const path = await allowedFolder(wish, places)
  if (wish.kind === 'dir') return { kind: 'dir', path: await makeFolder(path) }
  return {
    kind: 'worktree',
    ...(await prepareWorktree({ git: places.git, repository: path, path: scratchPath(owner, places), branch: wish.branch ?? branchOf(owner) })),
  }
}

/** The folder that is made for a task, whatever it holds. */
export function scratchPath({ board, taskNumber }: WorkspaceOwner, { root }: WorkspacePlaces): string {
  return join(root, board, String(taskNumber))
}

/** The branch of a task that names none. */
export function branchOf({ board, taskNumber }: WorkspaceOwner): string {
  return `talaria/${board}-${taskNumber}`
}

async function makeFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    if (!(await stat(path)).isDirectory()) throw new Error('it is not a folder')
    return await realPathOf(path)
  } catch (error) {
    throw new WorkspaceError('workspace_failed', `${path} cannot be used as a workspace: ${(error as Error).message}`, { cause: error })
  }
}

/** By real paths, so that a link does not lead a worker to the keys. */
async function allowedFolder({ kind, path }: WorkspaceWish, { root, home }: WorkspacePlaces): Promise<string> {
  if (path === undefined) throw new WorkspaceError('workspace_refused', `A workspace of kind ${kind} needs a path.`)
  if (!isAbsolute(path)) throw new WorkspaceError('workspace_refused', `${path} is not an absolute path; which folder is meant would depend on who reads it.`)
  const [real, realHome, realRoot] = await Promise.all([realPathOf(path), realPathOf(home), realPathOf(root)])
  const isOurs = real === realHome || isInside(real, realHome) || isInside(realHome, real)
  if (isOurs && !isInside(real, realRoot)) {
    throw new WorkspaceError('workspace_refused', `${path} holds the files of this installation, or is among them; a worker could read its secrets there.`)
  }
  return real
}
