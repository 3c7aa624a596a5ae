import { createHash } from 'node:crypto'
import { createId } from '@talaria/core'
import { invalidField, type BoardStores, type NewTask, type RecipeInstance, type RecipeNode } from '@talaria/db'

const MOST_WORKERS = 50

/** Many who look at one goal, one who checks what they found, and one who makes one thing of it. */
export interface Swarm {
  readonly goal: string
  readonly workers: readonly { readonly assignee: string; readonly title: string; readonly skills?: readonly string[] }[]
  readonly verifier: string
  readonly synthesizer: string
  readonly tenant?: string
  readonly priority?: number
  /** One swarm for each key, however often it is asked. */
  readonly key?: string
}

/**
 * Makes a swarm, all of it or nothing: its blackboard, which is done at once and whose comments are what they tell each
 * other, its workers, its verifier after them, and its synthesizer after that.
 *
 * @throws BoardError `INVALID`, and `IDEMPOTENCY_CONFLICT` when another swarm was made with this key
 */
export async function createSwarm(
  { recipes }: BoardStores,
  swarm: Swarm,
  actor: string,
): Promise<{ readonly instance: RecipeInstance; readonly created: boolean }> {
  const { goal, workers, key = createId('swarm'), ...inputs } = swarm
  if (goal.trim() === '') throw invalidField('goal', 'some text')
  if (workers.length === 0 || workers.length > MOST_WORKERS) throw invalidField('workers', `1 to ${MOST_WORKERS} of them`)
  const asked = { goal, workers, ...inputs }
  const digest = createHash('sha256').update(JSON.stringify(asked)).digest('hex')
  return recipes.instantiate({ key, recipe: 'swarm', definition: { builtIn: 'swarm' }, inputs: asked, digest, nodes: nodesOf(swarm) }, actor)
}

function nodesOf({ goal, workers, verifier, synthesizer, tenant, priority }: Swarm): readonly RecipeNode[] {
  const common = { ...(tenant !== undefined && { tenant }), ...(priority !== undefined && { priority }) }
  const board = `The comments of the task "${titleOf('Blackboard', goal)}", which is this task's parent, are the blackboard: read them, and add what others should know.`
  const node = (key: string, task: NewTask, needs: readonly number[]): RecipeNode => ({ key, task: { ...common, ...task }, needs })
  const places = workers.map((_, index) => index + 1)
  return [
    {
      ...node('blackboard', { title: titleOf('Blackboard', goal), body: goal }, []),
      completion: { summary: 'The blackboard of a swarm: its comments are what its workers tell each other.' },
    },
    ...workers.map(({ assignee, title, skills }, index) =>
      node(`worker-${index + 1}`, { title, assignee, body: `${goal}\n\nYour part: ${title}\n\n${board}`, ...(skills && { settings: { skills } }) }, [0]),
    ),
    node(
      'verifier',
      {
        title: titleOf('Verify', goal),
        assignee: verifier,
        body: `${goal}\n\nCheck what the workers found: what is wrong, what contradicts, what is missing. ${board}`,
      },
      [0, ...places],
    ),
    node(
      'synthesizer',
      {
        title: titleOf('Put together', goal),
        assignee: synthesizer,
        body: `${goal}\n\nMake one result of what the workers found and the verifier says of it. ${board}`,
      },
      [0, ...places, workers.length + 1],
    ),
  ]
}

/** One line that says what it is about. */
function titleOf(role: string, goal: string): string {
  const line = goal.trim().split('\n')[0]!
  return `${role}: ${line.length > 200 ? `${line.slice(0, 199)}…` : line}`
}
