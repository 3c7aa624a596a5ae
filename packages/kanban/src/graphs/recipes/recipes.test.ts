import { expect, test } from 'vitest'
import { openTestBoards } from '../../testing/test-board.ts'
import { readRecipe } from './read-recipe.ts'
import { runRecipe } from './run-recipe.ts'
import { validateRecipe } from './validate-recipe.ts'

const ARTICLE = `
version: 1
name: article
inputs:
  topic: { type: string }
  words: { type: integer, default: 500 }
roles:
  writer: { assignee: anna }
  critic: {}
nodes:
  - { key: draft, role: writer, title: "Draft about {{input.topic}}", body: "{{ input.words }} words on {{input.topic}}." }
  - { key: check, role: critic, title: Check, needs: [draft], task: { priority: 3, labels: [text] } }
  - { key: rescue, title: Rescue, needs: [{ key: check, on: failure }] }
`

const problemsOf = (text: string, args?: object) => validateRecipe(readRecipe(text), args).problems.map(({ path, message }) => `${path}: ${message}`)

test('a recipe becomes tasks that wait for each other, with its inputs and roles filled in', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  const inputs = { topic: '{{input.words}}' }
  const { instance, created } = await runRecipe(stores, readRecipe(ARTICLE), { key: 'k', actor: 'cli', inputs, bindings: { critic: 'bert' } })
  expect([created, instance.tasks]).toEqual([true, { draft: 1, check: 2, rescue: 3 }])
  // What an input holds is never read as a placeholder.
  expect(await stores.tasks.get(1)).toMatchObject({
    title: 'Draft about {{input.words}}',
    body: '500 words on {{input.words}}.',
    assignee: 'anna',
    state: 'ready',
  })
  expect(await stores.tasks.get(2)).toMatchObject({ assignee: 'bert', priority: 3, labels: ['text'], state: 'todo' })
  expect((await stores.tasks.links()).map(({ condition }) => condition)).toEqual(['success', 'failure'])
})

test('the same request finds the same tasks, in whatever order its keys stand, and another one under its key is refused', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  const run = (inputs: Record<string, unknown>, bindings: Record<string, string>) =>
    runRecipe(stores, readRecipe(ARTICLE), { key: 'k', actor: 'cli', inputs, bindings })
  const first = await run({ topic: 'bees', words: 9 }, { writer: 'a', critic: 'b' })
  expect(await run({ words: 9, topic: 'bees' }, { critic: 'b', writer: 'a' })).toEqual({ instance: first.instance, created: false })
  await expect(run({ topic: 'wasps', words: 9 }, { writer: 'a', critic: 'b' })).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
})

test('every problem of a recipe is named at once', () => {
  const problems = problemsOf(`
version: 1
name: broken
roles: { writer: {} }
inputs: { count: { type: integer, default: many } }
nodes:
  - { key: a, role: nobody, title: "{{input.lost}} {{count}}", needs: [c] }
  - { key: a, title: B, needs: [a, x, x] }
  - { key: c, title: C, needs: [a], task: { labels: ["{{input.count}}"] } }
`)
  expect(problems.toSorted()).toEqual([
    'inputs.count.default: an integer was expected',
    "nodes.0.role: there is no role 'nobody'",
    'nodes.0.title: a placeholder is written {{input.name}}',
    "nodes.0.title: there is no input 'lost'",
    "nodes.1.key: 'a' is the key of another node",
    'nodes.1.needs.0: a node cannot need itself',
    "nodes.1.needs.1: there is no node 'x'",
    "nodes.1.needs.2: there is no node 'x'",
    'nodes.2.task: placeholders are filled in in title and body only',
  ])
})

test('nodes that wait for each other are named in their order', () => {
  const nodes = ['{ key: a, title: A, needs: [b] }', '{ key: b, title: B, needs: [c] }', '{ key: c, title: C, needs: [a] }']
  expect(problemsOf(`{ version: 1, name: r, nodes: [${nodes.join(', ')}] }`)).toEqual(['nodes: nodes wait for each other: a → b → c → a'])
})

test.for([
  [{}, ['inputs.topic: it must be given']],
  [{ inputs: { topic: 1 } }, ['inputs.topic: a string was expected']],
  [{ inputs: { topic: 'x', words: 1.5 } }, ['inputs.words: an integer was expected']],
  [{ inputs: { topic: 'x', colour: 'red' } }, ['inputs.colour: there is no such input']],
  [{ inputs: { topic: 'x' }, bindings: { boss: 'anna' } }, ['bindings.boss: there is no such role']],
  [{ inputs: { topic: 'x' } }, []],
] as const)('run with %j a recipe has the problems %j', ([args, problems]) => {
  expect(problemsOf(ARTICLE, args)).toEqual(problems)
})

test.for([
  ['another version', '{ version: 2, name: r, nodes: [{ key: a, title: A }] }', 'version'],
  ['no nodes', '{ version: 1, name: r, nodes: [] }', 'nodes'],
  ['a field that nobody knows', '{ version: 1, name: r, nodes: [{ key: a, title: A, shell: rm }] }', 'nodes.0'],
  ['257 nodes', JSON.stringify({ version: 1, name: 'r', nodes: Array.from({ length: 257 }, (_, n) => ({ key: `n${n}`, title: 'T' })) }), 'nodes'],
] as const)('a definition with %s is refused', ([, text, path]) => {
  expect(validateRecipe(readRecipe(text)).problems.map((problem) => problem.path)).toEqual([path])
})

test.for([
  ['is no YAML', '{ version: 1'],
  ['is larger than a megabyte', `name: ${'x'.repeat(1_048_577)}`],
  ['refers to itself', 'a: &a [1]\nb: *a'],
] as const)('a text that %s is refused before anything is made of it', ([, text]) => {
  expect(() => readRecipe(text)).toThrow(expect.objectContaining({ code: 'INVALID' }))
})
