import { createHash } from 'node:crypto'
import { BoardError, type BoardStores, type RecipeInstance, type RecipeNode } from '@talaria/db'
import { keyOfNeed } from './check-graph.ts'
import type { RecipeArguments } from './check-inputs.ts'
import { fillIn } from './placeholders.ts'
import type { RecipeDefinition } from './recipe-definition.ts'
import { validateRecipe } from './validate-recipe.ts'

/** What is to be made of a recipe, and who asks. */
export interface RecipeRun extends RecipeArguments {
  /** Run once for each key, however often it is asked. */
  readonly key: string
  readonly actor: string
}

/**
 * Makes the tasks of a recipe, all or none, or finds those that were made with this key.
 *
 * @throws BoardError `INVALID` whose `details.problems` are all there are, and `IDEMPOTENCY_CONFLICT` when something else was run with this key
 */
export async function runRecipe(
  { recipes }: BoardStores,
  value: unknown,
  { key, actor, inputs = {}, bindings = {} }: RecipeRun,
): Promise<{ readonly instance: RecipeInstance; readonly created: boolean }> {
  const verdict = validateRecipe(value, { inputs, bindings })
  if (!('definition' in verdict)) {
    const [first, ...others] = verdict.problems
    const more = others.length > 0 ? ` There ${others.length === 1 ? 'is one more problem' : `are ${others.length} more problems`}.` : ''
    throw new BoardError('INVALID', `${first!.path || 'definition'}: ${first!.message}.${more}`, {
      details: { field: first!.path, expected: first!.message, problems: verdict.problems },
    })
  }
  const { definition, values } = verdict
  const nodes = nodesOf(definition, values, bindings)
  return recipes.instantiate({ key, recipe: definition.name, definition, inputs: values, digest: digestOf({ definition, values, bindings }), nodes }, actor)
}

function nodesOf(
  { nodes, roles = {} }: RecipeDefinition,
  values: Readonly<Record<string, unknown>>,
  bindings: Readonly<Record<string, string>>,
): readonly RecipeNode[] {
  const places = new Map(nodes.map(({ key }, index) => [key, index]))
  return nodes.map(({ key, role, title, body, needs = [], task }) => ({
    key,
    task: {
      ...task,
      title: fillIn(title, values),
      ...(body !== undefined && { body: fillIn(body, values) }),
      ...(role !== undefined && { assignee: bindings[role] ?? roles[role]?.assignee ?? role }),
    },
    needs: needs.map((need) => {
      const index = places.get(keyOfNeed(need))!
      return typeof need === 'string' ? index : { index, condition: need.on }
    }),
  }))
}

/** The same for the same request, in whatever order its keys were written. */
function digestOf(request: unknown): string {
  const sorted = (_: string, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value
  return createHash('sha256').update(JSON.stringify(request, sorted)).digest('hex')
}
