import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { OptionalTaskId, ownTaskMeant } from './tool-task.ts'

/** Finished work goes to a reviewer. */
export const kanbanRequestReview = defineKanbanTool({
  name: 'kanban_request_review',
  description: 'Hands finished work to a reviewer, who ends the task or sends it back. Ends your attempt.',
  scope: 'own',
  input: {
    task_id: OptionalTaskId,
    summary: z.string().min(1).max(20_000).describe('What was done, and what the reviewer should look at'),
    reviewer: z.string().max(100).optional().describe("Who reviews; the task's reviewer unless given, or a person"),
    metadata: z.record(z.string(), z.unknown()).optional(),
  },
  async run(context, { task_id: id, ...request }) {
    const { stores, actor, worker } = context
    const task = await ownTaskMeant(context, id)
    const { summary, reviewer, metadata } = request
    const review = { summary, ...(reviewer !== undefined && { reviewer }) }
    if (worker) return { task: task.number, ...(await worker.ends.requestReview(worker.open, { ...review, ...(metadata && { metadata }) })) }
    const { state } = await stores.tasks.requestReview(task.number, review, { actor })
    return { task: task.number, state }
  },
})
