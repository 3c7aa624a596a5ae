import { defineKanbanTool } from './define-kanban-tool.ts'
import { taskJson } from './task-json.ts'
import { TaskId } from './tool-task.ts'

/** A blocked task goes on. */
export const kanbanUnblock = defineKanbanTool({
  name: 'kanban_unblock',
  description: 'Lets a blocked task go on, also one that was given up. Say in a comment before what has changed: its worker reads that.',
  scope: 'people',
  input: { task_id: TaskId },
  async run({ stores, actor }, { task_id: id }) {
    return taskJson(await stores.tasks.unblock(id, { actor }))
  },
})
