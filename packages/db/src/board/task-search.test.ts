import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard, type TestBoard } from '../testing/open-test-board.ts'
import { rejectionOf } from '../testing/rejection-of.ts'
import { rowsOf } from '../testing/rows-of.ts'
import { startChild } from '../testing/start-child.ts'

checkForLeaks()

const ME = { actor: 'user:anna' }

const numbersOf = async (t: TestBoard, text: string) => (await t.search.search(text, { limit: 20 })).map(({ task }) => task.number)

test('a word of a title counts more than one of a body, and that more than one of a comment; the hit says where it stands', async () => {
  await using t = await openTestBoard()
  await t.tasks.create({ title: 'Three' }, 'cli')
  await t.comments.add(1, { body: 'mind the kettle', author: 'cli' })
  await t.tasks.create({ title: 'Two', body: 'buy a kettle' }, 'cli')
  await t.tasks.create({ title: 'A kettle' }, 'cli')
  const hits = await t.search.search('kettle', { limit: 20 })
  expect(hits.map(({ task, field, snippet }) => [task.title, field, snippet.text, snippet.matches])).toEqual([
    ['A kettle', 'title', 'A kettle', [[2, 8]]],
    ['Two', 'body', 'buy a kettle', [[6, 12]]],
    ['Three', 'comments', 'mind the kettle', [[9, 15]]],
  ])
})

test('words of scripts without spaces are found at any length, and words across the fields of a task together', async () => {
  await using t = await openTestBoard()
  await t.tasks.create({ title: '用Docker部署网关', body: 'on Friday' }, 'cli')
  await t.tasks.create({ title: 'Docker' }, 'cli')
  expect(await numbersOf(t, '部署')).toEqual([1])
  expect(await numbersOf(t, '关')).toEqual([1])
  expect(await numbersOf(t, 'friday docker')).toEqual([1])
  expect(await numbersOf(t, 'dock* -friday')).toEqual([2])
})

test('a task is found by what it says now, and not by what it said before; not when it is archived, deleted or purged', async () => {
  await using t = await openTestBoard()
  await t.tasks.create({ title: 'old', assignee: 'coder' }, 'cli')
  expect(await numbersOf(t, 'old')).toEqual([1])
  await t.tasks.change(1, { title: 'new' }, ME)
  expect([await numbersOf(t, 'old'), await numbersOf(t, 'new')]).toEqual([[], [1]])
  expect(await t.search.search('new', { limit: 5, assignee: 'somebody' })).toEqual([])
  await t.tasks.archive(1, ME)
  expect([await numbersOf(t, 'new'), (await t.search.search('new', { limit: 5, states: ['archived'] })).length]).toEqual([[], 1])
  await t.tasks.remove(1, ME)
  expect(await t.search.search('new', { limit: 5, states: ['archived'] })).toEqual([])
  await t.clock.advance(1)
  await t.tasks.purge(t.clock.now(), 10)
  expect(rowsOf(t.file, 'select count(*) as rows from task_fts_docsize')).toEqual([{ rows: 0 }])
})

test('what happens to tasks costs the index no write, and nothing is taken in twice', async () => {
  await using t = await openTestBoard()
  await t.tasks.createMany(
    Array.from({ length: 450 }, (_, i) => ({ task: { title: `T${i}` }, needs: [] })),
    'cli',
  )
  expect(await Promise.all([t.search.catchUp(), t.search.catchUp()]).then(([one, other]) => one + other)).toBe(450)
  await t.tasks.complete(1, {}, ME)
  const before = rowsOf(t.file, 'select seq from search_progress')
  expect(await t.search.catchUp()).toBe(0)
  expect(rowsOf(t.file, 'select seq from search_progress')).toEqual(before)
})

test('a damaged index is made anew from the tasks by who searches, also where their events are gone', async () => {
  await using t = await openTestBoard()
  await t.tasks.createMany(
    Array.from({ length: 250 }, (_, i) => ({ task: { title: `needle ${i}` }, needs: [] })),
    'cli',
  )
  await t.search.catchUp()
  const damage = `delete from event where kind = 'task.created'; update task_fts_data set block = x'${'ff'.repeat(20)}' where id = 10`
  await startChild('run-sql', [t.file, damage]).ended
  const hits = await t.search.search('needle', { limit: 200 })
  expect(hits).toHaveLength(200)
  await t.search.rebuild()
  expect(await t.search.catchUp(AbortSignal.abort())).toBe(0)
  expect(await t.search.catchUp()).toBe(250)
})

test('whatever somebody types is looked for, and a limit that is none is refused', async () => {
  await using t = await openTestBoard()
  await t.tasks.create({ title: 'say "hi" AND (bye)' }, 'cli')
  for (const text of ['" OR', 'NEAR(', 'title:x', '*', '', ')', "';--", '\0']) await t.search.search(text, { limit: 5 })
  expect(await numbersOf(t, '"hi" AND bye)')).toEqual([1])
  for (const limit of [0, 201, 1.5, Number.NaN]) expect((await rejectionOf(t.search.search('hi', { limit }))).code).toBe('INVALID')
})
