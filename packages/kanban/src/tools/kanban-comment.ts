import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { OptionalTaskId, taskMeant } from './tool-task.ts'

/** A word on any task. */
export const kanbanComment = defineKanbanTool({
  name: 'kanban_comment',
  description: 'Comments on a task, for people and for whoever works on it.',
  scope: 'board',
  input: { task_id: OptionalTaskId, body: z.string().min(1).max(100_000) },
  async run(context, { task_id: id, body }) {
    const { stores, actor, worker } = context
    const task = await taskMeant(context, id)
    const comment = await stores.comments.add(task.number, { body, author: actor, ...(worker && { runId: worker.open.claim.runId }) })
    return { task: task.number, comment: comment.id }
  },
})
