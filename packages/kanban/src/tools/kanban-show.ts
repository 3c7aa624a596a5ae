import type { Link, Task } from '@talaria/db'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { taskJson, timeJson } from './task-json.ts'
import { OptionalTaskId, taskMeant } from './tool-task.ts'
import type { KanbanToolContext } from './tool.ts'

/** As many as a model reads without losing sight of the task. */
const MOST_COMMENTS = 30
const MOST_EVENTS = 20
const MOST_RUNS = 10
const MOST_LINKED = 50

/** A task with everything around it. */
export const kanbanShow = defineKanbanTool({
  name: 'kanban_show',
  description: 'Shows a task: what is to be done, what it waits for and what waits for it, comments, files, attempts and what happened last.',
  scope: 'board',
  input: { task_id: OptionalTaskId },
  async run(context, { task_id: id }) {
    const { stores } = context
    const task = await taskMeant(context, id)
    const links = await stores.tasks.links([task.number])
    const [comments, attachments, runs, events] = await Promise.all([
      stores.comments.latest(task.number, MOST_COMMENTS),
      stores.attachments.list(task.number),
      stores.claims.ofTask(task.number),
      stores.events.latestOf(task.number, MOST_EVENTS),
    ])
    return {
      ...taskJson(task),
      body: task.body,
      ...(task.result !== null && { result: task.result }),
      ...(task.metadata && { metadata: task.metadata }),
      parents: await linkedJson(
        context,
        links.filter((link) => link.childNumber === task.number),
        (link) => link.parentNumber,
      ),
      children: await linkedJson(
        context,
        links.filter((link) => link.parentNumber === task.number),
        (link) => link.childNumber,
      ),
      comments: comments.map(({ author, body, createdAt }) => ({ author, at: timeJson(createdAt), body })),
      attachments: attachments.map(({ id: attachment, name, bytes }) => ({ id: attachment, name, bytes })),
      runs: runs.slice(-MOST_RUNS).map(({ attempt, assignee, outcome, summary, failure, claimedAt }) => ({
        attempt,
        assignee,
        begun: timeJson(claimedAt),
        outcome: outcome ?? 'running',
        ...(summary !== null && { summary }),
        ...(failure && { failure: failure.message }),
      })),
      events: events.toReversed().map(({ kind, actor, at }) => ({ kind, actor, at: timeJson(at) })),
    }
  },
})

async function linkedJson({ stores }: KanbanToolContext, links: readonly Link[], numberOf: (link: Link) => number) {
  const tasks = await Promise.all(links.slice(0, MOST_LINKED).map((link) => stores.tasks.get(numberOf(link))))
  return links.slice(0, MOST_LINKED).flatMap((link, index) => {
    const task: Task | undefined = tasks[index]
    if (!task) return []
    const { number, title, state, summary } = task
    return [{ task: number, title, state, condition: link.condition, met: link.state === 'met', ...(summary !== null && { summary }) }]
  })
}
