import type { z } from 'zod'
import { InputError } from './input-error.ts'

/**
 * Data checked by a zod schema; the error names the first bad field and what was expected of it.
 *
 * @throws InputError `missing_required_parameter`, `unknown_parameter`, or `invalid_value`, with `param` set
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw issueToError(deepestIssue(result.error.issues[0]!, []), value)
}

interface Problem {
  readonly path: readonly PropertyKey[]
  readonly issue: z.core.$ZodIssue
}

/** In a union, the branch whose `type` is the client's is the one it meant; else the one that came furthest. */
function deepestIssue(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): Problem {
  const path = [...prefix, ...issue.path]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branches = issue.errors.filter((branch) => branch.length > 0)
    const meant = branches.filter((branch) => !branch.some(({ path: [first] }) => first === 'type'))
    const candidates = (meant.length > 0 ? meant : branches).map((branch) => deepestIssue(branch[0]!, path))
    const best = candidates.toSorted((a, b) => b.path.length - a.path.length)[0]
    if (best && best.path.length > path.length) return best
  }
  return { path, issue }
}

function issueToError({ path, issue }: Problem, value: unknown): InputError {
  const name = nameOf(path)
  if (issue.code === 'unrecognized_keys') {
    const key = nameOf([...path, issue.keys[0]!])
    return new InputError('unknown_parameter', `Unknown parameter: '${key}'. Remove it, or look at openapi.json for what is understood here.`, key)
  }
  if (path.length > 0 && at(value, path) === undefined) {
    return new InputError('missing_required_parameter', `Missing required parameter: '${name}'.`, name)
  }
  const where = name === '' ? 'the request' : `'${name}'`
  return new InputError('invalid_value', `Invalid value for ${where}: ${issue.message}`, name === '' ? undefined : name)
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value)
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index ? '.' : ''}${String(key)}`)).join('')
}
