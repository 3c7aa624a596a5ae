import { expect, test } from 'vitest'
import { openTestBoards } from '../testing/test-board.ts'
import { createSwarm, type Swarm } from './swarm.ts'

const SWARM: Swarm = {
  goal: 'Why is the log-in slow?',
  workers: [
    { assignee: 'ada', title: 'Look at the database', skills: ['sql'] },
    { assignee: 'bob', title: 'Look at the cache' },
  ],
  verifier: 'eve',
  synthesizer: 'ada',
  key: 'k',
}

test('workers begin at once, the verifier after them, and the synthesizer after that', async () => {
  await using boards = await openTestBoards()
  const { tasks, ...stores } = boards.storesOf('default')
  const { instance } = await createSwarm({ tasks, ...stores }, SWARM, 'cli')
  const states = async () => Promise.all(Object.values(instance.tasks).map(async (number) => (await tasks.get(number))?.state))
  expect(Object.keys(instance.tasks)).toEqual(['blackboard', 'worker-1', 'worker-2', 'verifier', 'synthesizer'])
  expect(await states()).toEqual(['done', 'ready', 'ready', 'todo', 'todo'])
  for (const number of [2, 3]) await tasks.complete(number, {}, { actor: 'cli' })
  expect(await states()).toEqual(['done', 'done', 'done', 'ready', 'todo'])
  await tasks.complete(4, {}, { actor: 'cli' })
  expect(await states()).toEqual(['done', 'done', 'done', 'done', 'ready'])
})

test('a swarm is made once for each key, by any number at once', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  const made = await Promise.all([1, 2, 3].map(() => createSwarm(stores, SWARM, 'cli')))
  expect([made.filter(({ created }) => created).length, (await stores.tasks.list({ limit: 50 })).tasks.length]).toEqual([1, 5])
  await expect(createSwarm(stores, { ...SWARM, goal: 'Why is it red?' }, 'cli')).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
})

test.for([
  ['goal', { goal: ' ' }],
  ['workers', { workers: [] }],
] as const)('a swarm whose %s is empty is refused', async ([field, change]) => {
  await using boards = await openTestBoards()
  await expect(createSwarm(boards.storesOf('default'), { ...SWARM, ...change }, 'cli')).rejects.toMatchObject({ code: 'INVALID', details: { field } })
})
