import { defineKanbanTool } from './define-kanban-tool.ts'
import { TaskId, taskMeant } from './tool-task.ts'

/** One task waits for another no longer. */
export const kanbanUnlink = defineKanbanTool({
  name: 'kanban_unlink',
  description: 'Has a task wait for another one no longer.',
  scope: 'people',
  input: { parent_id: TaskId.describe('The task that came first'), child_id: TaskId.describe('The task that waited') },
  async run(context, { parent_id: parentId, child_id: childId }) {
    const parent = await taskMeant(context, parentId)
    const child = await taskMeant(context, childId)
    return { parent: parent.number, child: child.number, removed: await context.stores.tasks.unlink(parent.number, child.number, context.actor) }
  },
})
