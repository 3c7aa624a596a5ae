import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { OptionalTaskId, ownTaskMeant } from './tool-task.ts'

/** Reviewed work goes back. */
export const kanbanRequestChanges = defineKanbanTool({
  name: 'kanban_request_changes',
  description: 'Sends reviewed work back to whoever did it, with what must change. Only for the review of a task. Ends your attempt.',
  scope: 'own',
  input: { task_id: OptionalTaskId, reason: z.string().min(1).max(20_000).describe('What must change, and why') },
  async run(context, { task_id: id, reason }) {
    const { stores, actor, worker } = context
    const task = await ownTaskMeant(context, id)
    if (worker) return { task: task.number, ...(await worker.ends.requestChanges(worker.open, { reason })) }
    const { state } = await stores.tasks.requestChanges(task.number, reason, { actor })
    return { task: task.number, state }
  },
})
