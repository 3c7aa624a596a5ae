import { systemClock } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { planLine, testPlanner } from '../testing/planning.ts'
import { openTestBoards } from '../testing/test-board.ts'
import { decomposeTask } from './decompose.ts'
import { specifyTask } from './specify.ts'

const part = (title: string, parents: readonly number[] = [], assignee: string | null = 'writer') => ({ title, body: `Do ${title}.`, assignee, parents })

async function triageOf(body: string, others: object = {}) {
  const boards = await openTestBoards()
  const stores = boards.storesOf('default')
  const { task } = await stores.tasks.create({ title: 'Publish the notes', body, isTriage: true, ...others }, 'cli')
  const planning = { ...testPlanner(systemClock), actor: 'cli', signal: new AbortController().signal }
  return { boards, stores, task, planning, asked: planning.asked }
}

const code = async (promise: Promise<unknown>) =>
  (
    (await promise.then(
      () => undefined,
      (error: unknown) => error,
    )) as { code?: string } | undefined
  )?.code

test('a task is divided into parts that wait for each other, and waits for all of them', async () => {
  const { boards, stores, planning } = await triageOf(
    planLine({ fanout: true, tasks: [part('draft'), part('check', [0], 'stranger'), part('print', [0, 1], null)] }),
  )
  await using _ = boards
  const { task, parts, rationale } = await decomposeTask(stores, 1, planning)
  expect(rationale).toBe('because')
  expect(task).toMatchObject({ state: 'todo', title: 'Publish the notes', parents: { open: 3 } })
  // Whom nobody knows is not asked: the default assignee is.
  expect(parts.map(({ title, assignee, state }) => [title, assignee, state])).toEqual([
    ['draft', 'writer', 'ready'],
    ['check', 'coder', 'todo'],
    ['print', 'coder', 'todo'],
  ])
})

test('whoever works on the board already may be named, and the assignee of the task comes before the default one', async () => {
  const { boards, stores, planning } = await triageOf(planLine({ fanout: true, tasks: [part('a', [], 'stranger'), part('b', [], 'veteran')] }), {
    assignee: 'lead',
  })
  await using _ = boards
  await stores.tasks.create({ title: 'Other', assignee: 'veteran' }, 'cli')
  expect((await decomposeTask(stores, 1, planning)).parts.map(({ assignee }) => assignee)).toEqual(['lead', 'veteran'])
})

test('a task that one worker can do is specified, and what was asked stays below', async () => {
  const { boards, stores, planning } = await triageOf(`Soon.\n${planLine({ fanout: false, title: 'Notes are public', body: 'Goal: …' })}`)
  await using _ = boards
  const { task, parts } = await decomposeTask(stores, 1, planning)
  expect([task.state, task.title, parts]).toEqual(['ready', 'Notes are public', []])
  expect(task.body).toMatch(/^Goal: …\n\n## As it was asked\n\nPublish the notes\n\nSoon\./)
})

test('without a script the scripted model divides a task in two, so that the way can be seen without a provider', async () => {
  const { boards, stores, planning } = await triageOf('')
  await using _ = boards
  expect((await decomposeTask(stores, 1, planning)).parts).toHaveLength(2)
})

test('of two that divide the same task at once one does, and nothing of the other is left', async () => {
  const { boards, stores, planning, asked } = await triageOf(planLine({ fanout: true, tasks: [part('a'), part('b')] }))
  await using _ = boards
  const both = [decomposeTask(stores, 1, planning), decomposeTask(stores, 1, planning)]
  expect((await Promise.all(both.map(code))).filter((refusal) => refusal !== undefined)).toEqual(['STALE_REVISION'])
  expect([(await stores.tasks.list({ limit: 50 })).tasks.length, asked.total]).toEqual([3, 2])
})

test('a task that was changed while the model thought is left as it was changed', async () => {
  const { boards, stores, planning } = await triageOf('!pause 50ms\n!json {"title":"New","body":"b"}')
  await using _ = boards
  const specified = code(specifyTask(stores, 1, planning))
  await stores.tasks.change(1, { title: 'Changed' }, { actor: 'user:anna' })
  expect(await specified).toBe('STALE_REVISION')
  expect(await stores.tasks.get(1)).toMatchObject({ state: 'triage', title: 'Changed' })
})

test('only what is in triage is put to the model', async () => {
  const { boards, stores, planning, asked } = await triageOf('')
  await using _ = boards
  await stores.tasks.create({ title: 'Clear' }, 'cli')
  expect([await code(decomposeTask(stores, 2, planning)), await code(specifyTask(stores, 9, planning)), asked.total]).toEqual([
    'ILLEGAL_TRANSITION',
    'TASK_NOT_FOUND',
    0,
  ])
})

test.for([
  ['seven parts', planLine({ fanout: true, tasks: [1, 2, 3, 4, 5, 6, 7].map((n) => part(`p${n}`)) }), 'MODEL_ANSWER'],
  ['one part', planLine({ fanout: true, tasks: [part('a')] }), 'MODEL_ANSWER'],
  ['words', '!say I would rather not.', 'MODEL_ANSWER'],
  ['parts that wait for each other', planLine({ fanout: true, tasks: [part('a', [1]), part('b', [0])] }), 'CYCLE'],
  ['a part that needs none of them', planLine({ fanout: true, tasks: [part('a', [5]), part('b')] }), 'INVALID'],
  ['a failure', '!fail 400 no such model', 'MODEL_FAILED'],
] as const)('an answer of %s changes nothing', async ([, body, expected]) => {
  const { boards, stores, task, planning } = await triageOf(body)
  await using _ = boards
  expect(await code(decomposeTask(stores, 1, planning))).toBe(expected)
  expect((await stores.tasks.list({ limit: 50 })).tasks).toMatchObject([{ number: 1, state: 'triage', revision: task.revision }])
})

test('a plan in a block of code is a plan', async () => {
  const { boards, stores, planning } = await triageOf('!say ```json\\n{"title":"New","body":"b"}\\n```')
  await using _ = boards
  expect(await specifyTask(stores, 1, planning)).toMatchObject({ title: 'New', state: 'ready' })
})

test('a model that never answers is given up after three minutes', async () => {
  const { boards, stores } = await triageOf('!hang')
  await using _ = boards
  const clock = new FakeClock()
  const { planner } = testPlanner(clock)
  const given = code(specifyTask(stores, 1, { planner, actor: 'cli', signal: new AbortController().signal }))
  for (let seconds = 0; seconds < 190; seconds += 10) await clock.advance(10_000)
  expect(await given).toBe('MODEL_TIMEOUT')
})
