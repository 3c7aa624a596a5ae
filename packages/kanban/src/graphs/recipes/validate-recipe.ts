import { checkGraph } from './check-graph.ts'
import { checkInputs, type RecipeArguments } from './check-inputs.ts'
import type { Problem } from './problem.ts'
import { RecipeDefinition } from './recipe-definition.ts'

/** A recipe that can be run, or everything that is wrong with it. */
export type RecipeVerdict =
  | { readonly definition: RecipeDefinition; readonly values: Readonly<Record<string, unknown>>; readonly problems: readonly [] }
  | { readonly problems: readonly Problem[] }

/** Looks a definition over, and what it would be run with when that is given: every problem at once, and nothing is written. */
export function validateRecipe(value: unknown, args?: RecipeArguments): RecipeVerdict {
  const read = RecipeDefinition.safeParse(value)
  if (!read.success) return { problems: read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })) }
  const definition = read.data
  const { values, problems: wrongInputs } = args ? checkInputs(definition, args) : { values: {}, problems: [] }
  const problems = [...checkGraph(definition), ...wrongDefaults(definition), ...wrongInputs]
  return problems.length > 0 ? { problems } : { definition, values, problems: [] }
}

/** A default that its own input would not take. */
function wrongDefaults(definition: RecipeDefinition): readonly Problem[] {
  const given = Object.entries(definition.inputs ?? {}).filter(([, input]) => input.default !== undefined)
  const { problems } = checkInputs({ ...definition, inputs: Object.fromEntries(given) }, {})
  return problems.map(({ path, message }) => ({ path: `${path}.default`, message }))
}
