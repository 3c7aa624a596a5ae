import type { BoardStores, GraphTask, TaskDetail } from '@talaria/db'
import { z } from 'zod'
import type { Planner, Planning } from './planner.ts'
import { applySpecification, describe, Specification } from './specify.ts'
import { triageTask } from './triage-task.ts'

const FEWEST_PARTS = 2
const MOST_PARTS = 6

const Part = z.strictObject({
  title: z.string().min(1).max(500),
  body: z.string().max(100_000),
  assignee: z.string().nullable(),
  parents: z.array(z.int().min(0)).max(MOST_PARTS).describe('Places in the list, from 0, of the parts that must be done first'),
})

/** The choice lies below the root, because providers want an object there. */
const Plan = z.strictObject({
  plan: z.union([
    z.strictObject({ fanout: z.literal(true), rationale: z.string(), tasks: z.array(Part).min(FEWEST_PARTS).max(MOST_PARTS) }),
    z.strictObject({ fanout: z.literal(false), rationale: z.string(), ...Specification.shape }),
  ]),
})

/** What became of a task that a model was asked about. */
export interface Decomposition {
  readonly task: TaskDetail
  /** Empty when one worker is to do it. */
  readonly parts: readonly TaskDetail[]
  readonly rationale: string
}

/**
 * Has the model divide a task in triage into parts that it then waits for, or specify it when one worker is enough.
 * Everything is made or nothing, and once: whoever comes second finds the task out of triage.
 *
 * @throws PlanError, and BoardError `ILLEGAL_TRANSITION` or `STALE_REVISION` when somebody else was faster, `CYCLE`
 */
export async function decomposeTask(stores: BoardStores, reference: string | number, { planner, actor, revision, signal }: Planning): Promise<Decomposition> {
  const task = await triageTask(stores, reference, revision)
  const assignees = await assigneesOf(stores, planner)
  const { plan } = await planner.model.ask({ name: 'plan', instructions: instructionsFor(assignees), text: describe(task), schema: Plan }, signal)
  const acting = { actor, revision: task.revision }
  if (!plan.fanout) return { task: await applySpecification(stores, task, plan, acting), parts: [], rationale: plan.rationale }
  const fallback = task.assignee ?? (await stores.board.get()).settings.defaultAssignee ?? planner.defaultAssignee
  const graph = plan.tasks.map(({ title, body, assignee, parents }): GraphTask => {
    const known = assignee !== null && assignees.includes(assignee) ? assignee : fallback
    return { task: { title, body, priority: task.priority, ...(known !== undefined && { assignee: known }) }, needs: parents }
  })
  const { task: divided, parts } = await stores.tasks.decompose(task.number, graph, acting)
  return { task: divided, parts: parts.map((part) => part.task), rationale: plan.rationale }
}

/** Names that a plan may use: those of the configuration, and those that work on the board already. */
async function assigneesOf({ board }: BoardStores, { assignees }: Planner): Promise<readonly string[]> {
  const { byAssignee } = await board.stats()
  return [...new Set([...assignees, ...byAssignee.flatMap(({ assignee }) => (assignee === null ? [] : [assignee]))])].toSorted()
}

function instructionsFor(assignees: readonly string[]): string {
  return `You divide work among workers who see nothing but their own part and what the parts before it handed over.
Divide the task into ${FEWEST_PARTS} to ${MOST_PARTS} parts only if parts can be done side by side, or need different workers; otherwise set fanout to false and write the task as one, with a title and a body that somebody can begin with.
Each part has a title that says its outcome, a body with its goal and how one can tell that it is done, and the places of the parts that it needs. Whoever has the task itself puts the results together: make no part for that.
Keep every fact, name, path and number. Invent none.
${assignees.length > 0 ? `Workers: ${assignees.join(', ')}. Name one of them for each part, or null.` : 'Set assignee to null.'}`
}
