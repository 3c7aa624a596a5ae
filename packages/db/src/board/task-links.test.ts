import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'

checkForLeaks()

const by = { actor: 'user:ada' }

async function openTasks(count: number) {
  const t = await openTestBoard()
  for (let i = 1; i <= count; i++) await t.tasks.create({ title: `task ${i}`, assignee: 'coder' }, 'cli')
  return t
}

test('a link that would close a circle is refused, and the circle is named the shortest way', async () => {
  await using t = await openTasks(8)
  for (const [parent, child] of [
    [3, 7],
    [7, 8],
    [8, 5],
    [7, 5],
    [5, 6],
    [3, 6],
  ] as const)
    await t.tasks.link(parent, child, 'success', 'cli')
  await expect(t.tasks.link(5, 3, 'success', 'cli')).rejects.toMatchObject({
    code: 'CYCLE',
    message: expect.stringContaining('#3 → #7 → #5 → #3') as string,
    details: { cycle: [3, 7, 5, 3] },
  })
  expect(await t.tasks.links([5])).toHaveLength(3)
  await expect(t.tasks.link(4, 4, 'success', 'cli')).rejects.toMatchObject({ code: 'SELF_LINK' })
  await expect(t.tasks.link(3, 7, 'always', 'cli')).rejects.toMatchObject({ code: 'DUPLICATE_LINK' })
})

test('a circle is found as fast where thousands of ways lead to it', async () => {
  await using t = await openTasks(1)
  // Twenty layers of three, each linked with all of the next: 3^20 ways from one end to the other.
  const graph = Array.from({ length: 60 }, (_, i) => ({ task: { title: `${i}` }, needs: i < 3 ? [] : [0, 1, 2].map((n) => i - (i % 3) - 3 + n) }))
  const made = await t.tasks.createMany(graph, 'cli')
  await expect(t.tasks.link(made.at(-1)!.task.number, made[0]!.task.number, 'success', 'cli')).rejects.toMatchObject({ code: 'CYCLE' })
})

test('a link holds back who has not begun, and lets go when it is removed', async () => {
  await using t = await openTasks(3)
  await t.tasks.link(1, 2, 'success', 'user:ada')
  expect(await t.tasks.get(2)).toMatchObject({ state: 'todo', waiting: { code: 'parents' }, parents: { open: 1 } })
  expect(await t.tasks.unlink(1, 2, 'user:ada')).toBe(true)
  expect(await t.tasks.unlink(1, 2, 'user:ada')).toBe(false)
  expect(await t.tasks.get(2)).toMatchObject({ state: 'ready', parents: { open: 0 } })
  const events = await t.events.since({ after: 0, limit: 50, taskNumber: 2 })
  expect(events.map(({ kind }) => kind)).toEqual(['task.created', 'link.added', 'task.reopened', 'link.removed', 'task.promoted'])
})

test('a link to a parent that is done is met at once, and one that can never be met blocks', async () => {
  await using t = await openTasks(3)
  await t.tasks.complete(1, {}, by)
  await t.tasks.link(1, 2, 'success', 'cli')
  await t.tasks.link(1, 3, 'failure', 'cli')
  expect(await t.tasks.get(2)).toMatchObject({ state: 'ready', parents: { met: 1 } })
  expect(await t.tasks.get(3)).toMatchObject({ state: 'blocked', block: { kind: 'dependency' }, parents: { dead: 1 } })
  await expect(t.tasks.unblock(3, by)).rejects.toMatchObject({ code: 'PARENTS_OPEN', details: { parents: [1] } })
  await t.tasks.unlink(1, 3, 'cli')
  expect((await t.tasks.get(3))!.state).toBe('ready')
})

test('a worker whose task is linked to another goes on, and cannot complete before that one', async () => {
  await using t = await openTasks(2)
  const claimed = await t.claims.claim(2, { dispatcher: 'd', host: 'h', now: t.clock.now(), leaseMs: 1, caps: {}, executorOf: () => 'agent', tokenHash: 'x' })
  expect(claimed).toHaveProperty('claim')
  await t.tasks.link(1, 2, 'success', 'cli')
  expect((await t.tasks.get(2))!.state).toBe('running')
  await expect(t.tasks.complete(2, {}, by)).rejects.toMatchObject({ code: 'PARENTS_OPEN', details: { parents: [1] } })
})

test('tasks of another board are nobody here', async () => {
  await using t = await openTasks(1)
  const elsewhere = 'task_01999999999970008000000000000000'
  await expect(t.tasks.link(elsewhere, 1, 'success', 'cli')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  await expect(t.tasks.create({ title: 'x', parents: [{ id: elsewhere }] }, 'cli')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  expect((await t.tasks.list({ limit: 10 })).tasks).toHaveLength(1)
})

test('a graph is made whole or not at all, in whatever order it is given', async () => {
  await using t = await openTestBoard()
  const made = await t.tasks.createMany(
    [
      { task: { title: 'ship' }, needs: [1, 2] },
      { task: { title: 'test' }, needs: [2] },
      { task: { title: 'build' }, needs: [] },
      { task: { title: 'apologise' }, needs: [{ index: 1, condition: 'failure' }] },
    ],
    'user:ada',
  )
  expect(made.map(({ task }) => [task.title, task.state, task.parents.open])).toEqual([
    ['ship', 'todo', 2],
    ['test', 'todo', 1],
    ['build', 'ready', 0],
    ['apologise', 'todo', 1],
  ])
  const circle = [1, 2, 0].map((need, i) => ({ task: { title: `${i}` }, needs: [need] }))
  await expect(t.tasks.createMany(circle, 'cli')).rejects.toMatchObject({ code: 'CYCLE', details: { cycle: [0, 2, 1, 0] } })
  await expect(t.tasks.createMany([{ task: { title: 'a' }, needs: [0] }], 'cli')).rejects.toMatchObject({ code: 'SELF_LINK' })
  await expect(
    t.tasks.createMany(
      [
        { task: { title: 'a' }, needs: [] },
        { task: { title: 'b' }, needs: [7] },
      ],
      'cli',
    ),
  ).rejects.toMatchObject({ code: 'INVALID', details: { field: 'tasks.1.needs' } })
  await expect(
    t.tasks.createMany(
      [
        { task: { title: 'a' }, needs: [] },
        { task: { title: 'b', parents: [{ id: '99' }] }, needs: [0] },
      ],
      'cli',
    ),
  ).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  expect((await t.tasks.list({ limit: 10 })).tasks).toHaveLength(4)
})

test('a task in triage is taken apart: it waits for its parts, which are of its tenant and tell its subscribers', async () => {
  await using t = await openTestBoard()
  const origin = { sessionId: 'ses_1' }
  const subscribers = [{ target: { kind: 'session', sessionId: 'ses_1' } as const }]
  await t.tasks.create({ title: 'release', isTriage: true, tenant: 'acme', origin, subscribers }, 'cli')
  const parts = [
    { task: { title: 'build' }, needs: [] },
    { task: { title: 'ship' }, needs: [0] },
  ]
  const { task, parts: made } = await t.tasks.decompose(1, parts, by)
  expect(task).toMatchObject({ state: 'todo', parents: { open: 2 } })
  expect(made.map((part) => [part.task.state, part.task.tenant, part.task.origin])).toEqual([
    ['ready', 'acme', origin],
    ['todo', 'acme', origin],
  ])
  expect(await t.subscriptions.list({ taskNumber: 3 })).toMatchObject([{ target: subscribers[0]!.target, createdBy: 'cli' }])
  await expect(t.tasks.decompose(1, parts, by)).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' })
})
