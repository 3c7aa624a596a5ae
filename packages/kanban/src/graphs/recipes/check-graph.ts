import type { Problem } from './problem.ts'
import { placeholdersOf } from './placeholders.ts'
import { RECIPE_LIMITS, type RecipeDefinition } from './recipe-definition.ts'

/** What is wrong with how the parts of a definition belong together. */
export function checkGraph(definition: RecipeDefinition): readonly Problem[] {
  return [...checkCounts(definition), ...checkNodes(definition), ...checkPlaceholders(definition), ...checkCycles(definition)]
}

function* checkCounts({ nodes, roles = {}, inputs = {} }: RecipeDefinition): Iterable<Problem> {
  const counts = {
    nodes: nodes.length,
    edges: nodes.flatMap(({ needs = [] }) => needs).length,
    roles: Object.keys(roles).length,
    inputs: Object.keys(inputs).length,
  }
  for (const [name, count] of Object.entries(counts) as [keyof typeof counts, number][]) {
    if (count > RECIPE_LIMITS[name]) yield { path: name === 'edges' ? 'nodes' : name, message: `${count} ${name} are more than ${RECIPE_LIMITS[name]}` }
  }
}

function* checkNodes({ nodes, roles = {} }: RecipeDefinition): Iterable<Problem> {
  const keys = new Set<string>()
  for (const [index, { key }] of nodes.entries()) {
    if (keys.has(key)) yield { path: `nodes.${index}.key`, message: `'${key}' is the key of another node` }
    keys.add(key)
  }
  for (const [index, { key, role, needs = [] }] of nodes.entries()) {
    if (role !== undefined && !Object.hasOwn(roles, role)) yield { path: `nodes.${index}.role`, message: `there is no role '${role}'` }
    const seen = new Set<string>()
    for (const [at, need] of needs.map(keyOfNeed).entries()) {
      const path = `nodes.${index}.needs.${at}`
      if (need === key) yield { path, message: 'a node cannot need itself' }
      else if (!keys.has(need)) yield { path, message: `there is no node '${need}'` }
      else if (seen.has(need)) yield { path, message: `'${need}' is needed already` }
      seen.add(need)
    }
  }
}

/** Only titles and bodies are filled in: a placeholder anywhere else would be taken literally. */
function* checkPlaceholders({ nodes, inputs = {} }: RecipeDefinition): Iterable<Problem> {
  for (const [index, { title, body, task }] of nodes.entries()) {
    for (const [field, text] of Object.entries({ title, body: body ?? '' })) {
      for (const name of placeholdersOf(text)) {
        const path = `nodes.${index}.${field}`
        if (name === undefined) yield { path, message: 'a placeholder is written {{input.name}}' }
        else if (!Object.hasOwn(inputs, name)) yield { path, message: `there is no input '${name}'` }
      }
    }
    if (placeholdersOf(JSON.stringify(task ?? {})).length > 0)
      yield { path: `nodes.${index}.task`, message: 'placeholders are filled in in title and body only' }
  }
}

function* checkCycles({ nodes }: RecipeDefinition): Iterable<Problem> {
  const needsOf = new Map(nodes.map(({ key, needs = [] }) => [key, needs.map(keyOfNeed).filter((need) => need !== key)]))
  const done = new Set<string>()
  for (const { key } of nodes) {
    const cycle = cycleFrom(key, needsOf, done)
    if (cycle) yield { path: 'nodes', message: `nodes wait for each other: ${cycle.join(' → ')}` }
  }
}

/** The first way that comes back to itself. Nodes that it has been through are done: no cycle is found twice. */
function cycleFrom(start: string, needsOf: ReadonlyMap<string, readonly string[]>, done: Set<string>): readonly string[] | undefined {
  const way: { readonly key: string; readonly needs: Iterator<string> }[] = []
  const enter = (key: string) => way.push({ key, needs: (needsOf.get(key) ?? []).values() })
  let found: readonly string[] | undefined
  if (!done.has(start)) enter(start)
  while (way.length > 0) {
    const { key, needs } = way.at(-1)!
    const next = needs.next()
    if (next.done) {
      done.add(key)
      way.pop()
      continue
    }
    const back = way.findIndex((step) => step.key === next.value)
    if (back !== -1) found ??= [...way.slice(back).map((step) => step.key), next.value]
    else if (!done.has(next.value)) enter(next.value)
  }
  return found
}

/** The key that a need names. */
export function keyOfNeed(need: NonNullable<RecipeDefinition['nodes'][number]['needs']>[number]): string {
  return typeof need === 'string' ? need : need.key
}
