import { invalidField } from '@talaria/db'
import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { TaskId, taskMeant } from './tool-task.ts'

/** One task waits for another. */
export const kanbanLink = defineKanbanTool({
  name: 'kanban_link',
  description: 'Has a task wait for another one.',
  scope: 'board',
  input: {
    parent_id: TaskId.describe('The task that comes first'),
    child_id: TaskId.describe('The task that waits'),
    condition: z.enum(['success', 'failure', 'always']).default('success').describe('How the first one must end for the other to begin'),
  },
  async run(context, { parent_id: parentId, child_id: childId, condition }) {
    const { stores, actor, worker } = context
    const child = await taskMeant(context, childId)
    // It would take the task from whoever works on it, which is not a worker's to do.
    if (worker && (child.state === 'running' || child.state === 'done'))
      throw invalidField('child_id', `a task that has not begun; #${child.number} is ${child.state}`)
    const parent = await taskMeant(context, parentId)
    const link = await stores.tasks.link(parent.number, child.number, condition, actor)
    return { parent: link.parentNumber, child: link.childNumber, condition: link.condition, met: link.state === 'met' }
  },
})
