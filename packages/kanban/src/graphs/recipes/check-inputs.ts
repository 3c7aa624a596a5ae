import type { Problem } from './problem.ts'
import type { RecipeDefinition } from './recipe-definition.ts'

/** What a recipe is run with. */
export interface RecipeArguments {
  readonly inputs?: Readonly<Record<string, unknown>>
  /** Who has which role. */
  readonly bindings?: Readonly<Record<string, string>>
}

/** Every input with its value, defaults among them, and what is wrong with those that were given. */
export function checkInputs(
  { inputs: declared = {}, roles = {} }: RecipeDefinition,
  { inputs = {}, bindings = {} }: RecipeArguments,
): { readonly values: Readonly<Record<string, unknown>>; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const values: Record<string, unknown> = {}
  for (const [name, input] of Object.entries(declared)) {
    const value = Object.hasOwn(inputs, name) ? inputs[name] : input.default
    const problem = value === undefined ? 'it must be given' : problemOf(value, input)
    if (problem !== undefined) problems.push({ path: `inputs.${name}`, message: problem })
    values[name] = value
  }
  for (const name of Object.keys(inputs)) if (!Object.hasOwn(declared, name)) problems.push({ path: `inputs.${name}`, message: 'there is no such input' })
  for (const role of Object.keys(bindings)) if (!Object.hasOwn(roles, role)) problems.push({ path: `bindings.${role}`, message: 'there is no such role' })
  return { values, problems }
}

function problemOf(value: unknown, input: NonNullable<RecipeDefinition['inputs']>[string]): string | undefined {
  const isRight = input.type === 'integer' ? Number.isSafeInteger(value) : typeof value === input.type && (typeof value !== 'number' || Number.isFinite(value))
  if (!isRight) return `${input.type === 'integer' ? 'an integer' : `a ${input.type}`} was expected`
  if (input.enum && !input.enum.includes(value as string)) return `one of ${input.enum.join(', ')} was expected`
  return undefined
}
