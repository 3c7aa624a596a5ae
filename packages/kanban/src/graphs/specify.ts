import type { BoardStores, TaskDetail } from '@talaria/db'
import { z } from 'zod'
import type { Planning } from './planner.ts'
import { triageTask } from './triage-task.ts'

const INSTRUCTIONS = `You prepare tasks for workers who see nothing but the task. Rewrite the task so that somebody can begin at once:
a title that says the outcome in at most a dozen words, and a body with the goal, what is known, how one can tell that it is done, and what is out of scope.
Keep every fact, name, path and number. Invent none; what is unknown is named as an open question.`

/** Above the words that somebody asked with, which are never lost. */
const ASKED = '\n\n## As it was asked\n\n'

/** A task in words that one can begin with. */
export const Specification = z.strictObject({ title: z.string().min(1).max(500), body: z.string().min(1).max(100_000) })

/**
 * Has the model write down what a task in triage means, and lets it begin. What was asked stays below it.
 *
 * @throws PlanError, and BoardError `ILLEGAL_TRANSITION` or `STALE_REVISION` when somebody else was faster
 */
export async function specifyTask(stores: BoardStores, reference: string | number, { planner, actor, revision, signal }: Planning): Promise<TaskDetail> {
  const task = await triageTask(stores, reference, revision)
  const specification = await planner.model.ask({ name: 'specification', instructions: INSTRUCTIONS, text: describe(task), schema: Specification }, signal)
  return applySpecification(stores, task, specification, { actor, revision: task.revision })
}

/** Writes a specification onto its task. */
export function applySpecification(
  { tasks }: BoardStores,
  task: TaskDetail,
  { title, body }: z.output<typeof Specification>,
  acting: { readonly actor: string; readonly revision: number },
): Promise<TaskDetail> {
  return tasks.specify(task.number, acting, { title, body: `${body.trim()}${ASKED}${askedOf(task)}` })
}

/** A task as it is put to the model. */
export function describe({ title, body }: Pick<TaskDetail, 'title' | 'body'>): string {
  return body.trim() === '' ? title : `${title}\n\n${body}`
}

/** What was asked at first, also of a task that came back to triage. */
function askedOf(task: TaskDetail): string {
  const at = task.body.indexOf(ASKED)
  return at === -1 ? describe(task) : task.body.slice(at + ASKED.length)
}
