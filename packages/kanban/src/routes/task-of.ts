import { BoardError, type TaskDetail } from '@talaria/db'
import type { Context } from 'hono'
import type { KanbanEnv } from './kanban-api.ts'

/** The task that the path names; a deleted one only when asked for. @throws BoardError `TASK_NOT_FOUND`, and `INVALID` when several could be meant */
export function taskOf(c: Context<KanbanEnv>, options: { readonly includeDeleted?: boolean } = {}): Promise<TaskDetail> {
  return requireTask(c, c.req.param('task') ?? '', options)
}

/** A task of this board by any of its names. @throws BoardError `TASK_NOT_FOUND`, and `INVALID` when several could be meant */
export async function requireTask(
  c: Context<KanbanEnv>,
  reference: string | number,
  { includeDeleted = false }: { readonly includeDeleted?: boolean } = {},
): Promise<TaskDetail> {
  const task = await c.get('stores').tasks.get(reference)
  if (task && (includeDeleted || task.deletedAt === null)) return task
  const shown = String(reference).slice(0, 80)
  throw new BoardError('TASK_NOT_FOUND', `There is no task ${shown} on this board.`, { details: { task: shown } })
}
