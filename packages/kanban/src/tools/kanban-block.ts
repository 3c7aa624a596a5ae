import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { OptionalTaskId, ownTaskMeant } from './tool-task.ts'

/** A task waits for somebody to act. */
export const kanbanBlock = defineKanbanTool({
  name: 'kanban_block',
  description: 'Stops a task until somebody acts: say what is needed and from whom. Ends your attempt; the task is begun anew when it is unblocked.',
  scope: 'own',
  input: {
    task_id: OptionalTaskId,
    reason: z.string().min(1).max(20_000),
    kind: z
      .enum(['dependency', 'needs_input', 'capability', 'transient'])
      .default('needs_input')
      .describe('dependency: another task comes first; needs_input: a person must answer; capability: you cannot do it; transient: it may work later'),
  },
  async run(context, { task_id: id, reason, kind }) {
    const { stores, actor, worker } = context
    const task = await ownTaskMeant(context, id)
    if (worker) return { task: task.number, ...(await worker.ends.block(worker.open, { reason, kind })) }
    const { state } = await stores.tasks.block(task.number, { kind, reason }, { actor })
    return { task: task.number, state }
  },
})
