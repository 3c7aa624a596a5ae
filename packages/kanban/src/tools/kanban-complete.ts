import { invalidField } from '@talaria/db'
import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { OptionalTaskId, ownTaskMeant, TaskId } from './tool-task.ts'
import type { KanbanToolContext } from './tool.ts'

/** The end of a task: a worker's by its claim, with checks and gates; anybody else's at once. */
export const kanbanComplete = defineKanbanTool({
  name: 'kanban_complete',
  description:
    'Ends a task as done. Say what was done in the summary: tasks that wait for it, and people, read that. Nothing can be added afterwards, so attach files before.',
  scope: 'own',
  input: {
    task_id: OptionalTaskId,
    summary: z.string().max(20_000).optional().describe('What was done and what came of it, in a few sentences'),
    result: z.string().max(1_000_000).optional().describe('The result itself, when it is a text'),
    metadata: z.record(z.string(), z.unknown()).optional().describe('Facts for the tasks that wait for this one'),
    verdict: z.enum(['success', 'failure']).default('success').describe('failure: it is done, and the answer is no'),
    artifacts: z.array(z.string()).max(50).default([]).describe('Files of the workspace that are attached to the task'),
    created_cards: z.array(TaskId).max(200).default([]).describe('Tasks that you say you made; they are looked for'),
  },
  async run(context, { task_id: id, created_cards: created, ...said }) {
    const { stores, actor, worker } = context
    const task = await ownTaskMeant(context, id)
    const summary = said.summary?.trim() || said.result?.trim().slice(0, 400)
    if (!summary) throw invalidField('summary', 'what was done, or a result')
    await refusePhantoms(context, created)
    const { artifacts, verdict, result, metadata } = said
    const completion = { summary, verdict, ...(result !== undefined && { result }), ...(metadata && { metadata }) }
    if (worker) return { task: task.number, ...(await worker.ends.complete(worker.open, { ...completion, artifacts })) }
    if (artifacts.length > 0) throw invalidField('artifacts', 'nothing: only a worker has a workspace; attach the files instead')
    const { state } = await stores.tasks.complete(task.number, completion, { actor })
    return { task: task.number, state }
  },
})

/** A summary that speaks of tasks which were never made would be believed. */
async function refusePhantoms({ stores }: KanbanToolContext, created: readonly (string | number)[]): Promise<void> {
  const found = await Promise.all(created.map((reference) => stores.tasks.get(reference)))
  const phantoms = created.filter((_, index) => !found[index])
  if (phantoms.length > 0) throw invalidField('created_cards', `tasks of this board: there is no ${phantoms.slice(0, 10).join(', ')}`)
}
