import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { taskJson } from './task-json.ts'

const State = z.enum(['triage', 'todo', 'scheduled', 'ready', 'running', 'review', 'blocked', 'done', 'archived'])

/** A page of tasks. */
export const kanbanList = defineKanbanTool({
  name: 'kanban_list',
  description: 'Lists tasks of the board, the most urgent first, by what they are filtered for.',
  scope: 'board',
  input: {
    assignee: z.string().optional(),
    status: z
      .union([State, z.array(State)])
      .optional()
      .describe('One state, or several'),
    tenant: z.string().optional(),
    label: z.string().optional(),
    text: z.string().optional().describe('Words of the title'),
    include_archived: z.boolean().default(false),
    limit: z.int().min(1).max(200).default(50),
    after: z.string().optional().describe('next of the page before'),
  },
  async run({ stores }, { assignee, status, tenant, label, text, include_archived: includeArchived, limit, after }) {
    const { tasks, nextCursor } = await stores.tasks.list({
      limit,
      includeArchived,
      ...(assignee !== undefined && { assignee }),
      ...(status !== undefined && { states: [status].flat() }),
      ...(tenant !== undefined && { tenant }),
      ...(label !== undefined && { label }),
      ...(text !== undefined && { text }),
      ...(after !== undefined && { after }),
    })
    return { tasks: tasks.map(taskJson), ...(nextCursor !== undefined && { next: nextCursor }) }
  },
})
