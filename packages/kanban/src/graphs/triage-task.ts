import { actionsFrom, BoardError, type BoardStores, type TaskDetail } from '@talaria/db'

/** A task that waits to be specified, looked at before a model is asked. @throws BoardError `TASK_NOT_FOUND`, `ILLEGAL_TRANSITION`, `STALE_REVISION` */
export async function triageTask({ tasks }: BoardStores, reference: string | number, revision?: number): Promise<TaskDetail> {
  const task = await tasks.get(reference)
  if (!task || task.deletedAt !== null) throw new BoardError('TASK_NOT_FOUND', `There is no task ${String(reference).slice(0, 80)}.`)
  if (revision !== undefined && revision !== task.revision) {
    throw new BoardError('STALE_REVISION', `#${task.number} was changed since you read it (revision ${task.revision}, not ${revision}).`, {
      details: { expected: revision, actual: task.revision },
    })
  }
  if (task.state === 'triage') return task
  throw new BoardError('ILLEGAL_TRANSITION', `#${task.number} is ${task.state}; only what is in triage can be specified or decomposed.`, {
    details: { from: task.state, action: 'specify', allowed: actionsFrom(task.state) },
  })
}
