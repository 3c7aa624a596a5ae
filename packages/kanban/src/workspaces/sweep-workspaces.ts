import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BoardStores } from '@talaria/db'
import type { WorkspacePlaces } from './prepare-workspace.ts'
import { removeWorkspace, type WorkspaceRemoval } from './remove-workspace.ts'

export interface WorkspaceSweep {
  readonly places: WorkspacePlaces
  /** Boards whose tasks can be asked for; others' workspaces stay. */
  readonly boards: readonly string[]
  readonly storesOf: (board: string) => BoardStores
  /** How long the workspace of a task that has ended stays. */
  readonly keptMs: number
  readonly now: number
}

/** A workspace that was looked at because its task has ended. */
export interface SweptWorkspace {
  readonly board: string
  readonly taskNumber: number
  readonly removal: WorkspaceRemoval
}

/** Removes the workspaces of tasks that ended long enough ago, or are no more. Those of tasks that may go on stay. */
export async function sweepWorkspaces({ places, boards, storesOf, keptMs, now }: WorkspaceSweep): Promise<readonly SweptWorkspace[]> {
  const swept: SweptWorkspace[] = []
  for (const board of boards) {
    for (const name of await readdir(join(places.root, board)).catch(() => [])) {
      if (!/^[1-9]\d*$/.test(name)) continue
      const taskNumber = Number(name)
      const task = await storesOf(board).tasks.get(taskNumber)
      const isOver = !task || task.deletedAt !== null || (task.endedAt !== null && task.endedAt + keptMs <= now)
      if (!isOver) continue
      const wish = task?.settings.workspace ?? { kind: 'scratch' as const }
      swept.push({ board, taskNumber, removal: await removeWorkspace(wish, { board, taskNumber }, places) })
    }
  }
  return swept
}
