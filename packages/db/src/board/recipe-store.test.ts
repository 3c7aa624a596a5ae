import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard, type TestBoard } from '../testing/open-test-board.ts'
import { rejectionOf } from '../testing/rejection-of.ts'
import type { NewRecipeInstance } from './recipe-store.ts'

checkForLeaks()

const NODES = [
  { key: 'draft', task: { title: 'Draft', assignee: 'writer' }, needs: [] },
  { key: 'check', task: { title: 'Check', assignee: 'critic' }, needs: [0] },
]

const run = (t: TestBoard, more: Partial<NewRecipeInstance> = {}) =>
  t.recipes.instantiate({ key: 'k', recipe: 'article', definition: { version: 1 }, inputs: { topic: 'bees' }, digest: 'd', nodes: NODES, ...more }, 'cli')

test('a recipe is made once for each key, and the same tasks are found again', async () => {
  await using t = await openTestBoard()
  const [first, ...others] = await Promise.all([run(t), run(t), run(t)])
  expect(first).toMatchObject({ created: true, instance: { key: 'k', recipe: 'article', tasks: { draft: 1, check: 2 }, inputs: { topic: 'bees' } } })
  expect(others).toEqual([
    { instance: first.instance, created: false },
    { instance: first.instance, created: false },
  ])
  expect((await t.tasks.list({ limit: 50 })).tasks.map(({ state }) => state).toSorted()).toEqual(['ready', 'todo'])
  expect([await t.recipes.get('k'), await t.recipes.get(first.instance.id), await t.recipes.list()]).toEqual([first.instance, first.instance, [first.instance]])
})

test('something else under the same key is refused', async () => {
  await using t = await openTestBoard()
  await run(t)
  expect((await rejectionOf(run(t, { digest: 'other' }))).code).toBe('IDEMPOTENCY_CONFLICT')
  expect((await rejectionOf(t.recipes.get('unknown'))).code).toBe('NOT_FOUND')
})

test('of a recipe that fails halfway nothing is left, not even its key', async () => {
  await using t = await openTestBoard()
  const nodes = [...NODES, { key: 'bad', task: { title: 'Bad', parents: [{ id: '77' }] }, needs: [] }]
  expect((await rejectionOf(run(t, { nodes }))).code).toBe('TASK_NOT_FOUND')
  expect([(await t.tasks.list({ limit: 50 })).tasks, await t.recipes.list()]).toEqual([[], []])
  expect(await run(t)).toMatchObject({ created: true, instance: { tasks: { draft: 1 } } })
})

test('what is done from the start holds nothing back', async () => {
  await using t = await openTestBoard()
  await run(t, { nodes: [{ ...NODES[0]!, completion: { summary: 'known' } }, NODES[1]!] })
  expect([(await t.tasks.get(1))?.state, (await t.tasks.get(2))?.state]).toEqual(['done', 'ready'])
})
