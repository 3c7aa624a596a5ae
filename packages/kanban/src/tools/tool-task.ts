import { BoardError, invalidField, type TaskDetail } from '@talaria/db'
import { z } from 'zod'
import type { KanbanToolContext } from './tool.ts'

/** How tools name a task: as people do. */
export const TaskId = z.union([z.string(), z.int()]).describe('A task by its number (12 or #12) or id')

/** The same where a worker means its own task by saying nothing. */
export const OptionalTaskId = TaskId.optional().describe('A task by its number (12 or #12) or id; your own task unless given')

/** The task that is meant: the one that is named, or a worker's own. @throws BoardError `TASK_NOT_FOUND`, `INVALID` */
export async function taskMeant({ stores, worker }: KanbanToolContext, reference: string | number | undefined): Promise<TaskDetail> {
  const meant = reference ?? worker?.open.claim.taskNumber
  if (meant === undefined) throw invalidField('task_id', 'a task, by number or id')
  const task = await stores.tasks.get(meant)
  if (task && task.deletedAt === null) return task
  throw new BoardError('TASK_NOT_FOUND', `There is no task '${String(meant).slice(0, 80)}' on this board.`)
}

/** The same for what changes a task's life, which a worker may do with its own only. @throws BoardError `TASK_NOT_FOUND`, `INVALID` */
export async function ownTaskMeant(context: KanbanToolContext, reference: string | number | undefined): Promise<TaskDetail> {
  const task = await taskMeant(context, reference)
  const own = context.worker?.open.claim.taskNumber
  if (own !== undefined && task.number !== own)
    throw invalidField('task_id', `your own task, #${own}, or nothing: a worker changes the life of no other task, but may comment on it`)
  return task
}
