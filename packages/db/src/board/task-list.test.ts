import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard, type TestBoard } from '../testing/open-test-board.ts'
import type { TaskQuery, TaskSort } from './task-list.ts'

checkForLeaks()

const by = { actor: 'user:ada' }

async function pagesOf(t: TestBoard, query: TaskQuery, between: (page: number) => Promise<unknown> = async () => {}) {
  const pages: string[][] = []
  for (let after: string | undefined; ;) {
    const { tasks, nextCursor } = await t.tasks.list({ ...query, ...(after !== undefined && { after }) })
    pages.push(tasks.map(({ title }) => title))
    if (nextCursor === undefined) return pages
    after = nextCursor
    await between(pages.length)
  }
}

const titles = async (t: TestBoard, query: Omit<TaskQuery, 'limit'>) => (await t.tasks.list({ ...query, limit: 50 })).tasks.map(({ title }) => title)

test.each<[TaskSort, string[][]]>([
  ['priority', [['c', 'a'], ['b', 'e'], ['d']]],
  ['created', [['a', 'b'], ['c', 'd'], ['e']]],
  ['created-desc', [['e', 'd'], ['c', 'b'], ['a']]],
  ['updated', [['b', 'e'], ['d', 'c'], ['a']]],
  ['due', [['d', 'b'], ['a', 'c'], ['e']]],
  ['title', [['a', 'b'], ['c', 'd'], ['e']]],
])('sorted by %s, pages hold each task once', async (sort, pages) => {
  await using t = await openTestBoard()
  const rows = [{ priority: 1 }, { priority: 1, dueAt: 20 }, { priority: 2 }, { priority: -1, dueAt: 10 }, { priority: 0 }]
  for (const [i, row] of rows.entries()) {
    await t.clock.advance(1)
    await t.tasks.create({ title: 'abcde'[i]!, ...row }, 'cli')
  }
  await t.clock.advance(1)
  await t.tasks.assign(2, 'coder', by)
  expect(await pagesOf(t, { sort, limit: 2 })).toEqual(pages)
})

test('pages neither repeat nor leave out a task while others are made, moved and removed', async () => {
  await using t = await openTestBoard()
  for (let i = 1; i <= 9; i++) await t.tasks.create({ title: `${i}`, priority: i % 3 }, 'cli')
  const pages = await pagesOf(t, { limit: 3 }, async (page) => {
    await t.tasks.create({ title: `new ${page}`, priority: 9 }, 'cli')
    if (page === 1) await t.tasks.remove(2, by)
    if (page === 1) await t.tasks.complete(1, {}, by)
  })
  expect(pages).toEqual([
    ['2', '5', '8'],
    ['1', '4', '7'],
    ['3', '6', '9'],
  ])
})

test('a cursor is good for the order that it came from, and for nothing else', async () => {
  await using t = await openTestBoard()
  for (const title of ['a', 'b']) await t.tasks.create({ title }, 'cli')
  const { nextCursor } = await t.tasks.list({ limit: 1, sort: 'title' })
  await expect(t.tasks.list({ limit: 1, sort: 'created', after: nextCursor! })).rejects.toMatchObject({ code: 'INVALID', details: { field: 'after' } })
  for (const after of ['', 'x', '%%', Buffer.from('["title"]').toString('base64url'), Buffer.from('{}').toString('base64url')])
    await expect(t.tasks.list({ limit: 1, sort: 'title', after }), after).rejects.toMatchObject({ code: 'INVALID' })
  await expect(t.tasks.list({ limit: 0 })).rejects.toMatchObject({ code: 'INVALID', details: { field: 'limit' } })
  await expect(t.tasks.list({ limit: 1, sort: 'constructor' as TaskSort })).rejects.toMatchObject({ code: 'INVALID', details: { field: 'sort' } })
})

test('filters narrow a list, all of them together', async () => {
  await using t = await openTestBoard()
  await t.tasks.create(
    { title: 'Fix 100% of it', assignee: 'coder', labels: ['bug', 'ui'], tenant: 'acme', origin: { sessionId: 's' }, dueAt: 5, routine: { id: 'r', slot: 1 } },
    'cli',
  )
  await t.tasks.create({ title: 'fix it', labels: ['bug'] }, 'cli')
  await t.tasks.create({ title: 'put away' }, 'cli')
  await t.tasks.create({ title: 'deleted' }, 'cli')
  await t.tasks.archive(3, by)
  await t.tasks.remove(4, by)
  expect(await titles(t, {})).toEqual(['Fix 100% of it', 'fix it'])
  expect(await titles(t, { includeArchived: true, includeDeleted: true })).toHaveLength(4)
  expect(await titles(t, { states: ['archived'] })).toEqual(['put away'])
  expect(await titles(t, { label: 'bug', assignee: null })).toEqual(['fix it'])
  expect(await titles(t, { text: 'FIX' })).toHaveLength(2)
  for (const query of [{ text: '100%' }, { assignee: 'coder' }, { label: 'ui' }, { tenant: 'acme' }, { sessionId: 's' }, { dueBefore: 6 }, { routineId: 'r' }])
    expect(await titles(t, query), JSON.stringify(query)).toEqual(['Fix 100% of it'])
  for (const query of [{ text: '%x' }, { dueBefore: 5 }, { label: 'u' }, { states: [] }]) expect(await titles(t, query), JSON.stringify(query)).toEqual([])
})

test('the board shows the first tasks of every column, and counts all of them', async () => {
  await using t = await openTestBoard()
  for (let i = 1; i <= 5; i++) await t.tasks.create({ title: `${i}`, priority: i }, 'cli')
  await t.tasks.complete(1, {}, by)
  const page = await t.tasks.board({ limit: 2 })
  expect(
    page.columns.map(({ column, count, tasks, nextCursor }) => [column.key, count, tasks.map(({ title }) => title).join(), nextCursor !== undefined]),
  ).toEqual([
    ['triage', 0, '', false],
    ['todo', 0, '', false],
    ['scheduled', 0, '', false],
    ['ready', 4, '5,4', true],
    ['running', 0, '', false],
    ['blocked', 0, '', false],
    ['review', 0, '', false],
    ['done', 1, '1', false],
  ])
  expect(page.seq).toBe(await t.events.latest())
  const next = await t.tasks.list({ states: ['ready'], limit: 5, after: page.columns[3]!.nextCursor! })
  expect(next.tasks.map(({ title }) => title)).toEqual(['3', '2'])
})

test('columns of a board divide a state; the first of a state has whatever is in no other', async () => {
  await using t = await openTestBoard()
  const columns = [
    { key: 'inbox', name: 'Inbox', state: 'ready' as const },
    { key: 'next', name: 'Next', state: 'ready' as const },
    { key: 'gone', name: 'Gone', state: 'done' as const, isHidden: true },
  ]
  await t.board.change({ settings: { columns: [...columns, { key: 'elsewhere', name: 'Gone by now', state: 'ready' as const }] } }, by)
  for (const columnKey of ['next', 'inbox', 'elsewhere', undefined])
    await t.tasks.create({ title: columnKey ?? 'none', ...(columnKey !== undefined && { columnKey }) }, 'cli')
  await t.board.change({ settings: { columns } }, by)
  await t.tasks.create({ title: 'done' }, 'cli')
  await t.tasks.complete(5, {}, by)
  const page = await t.tasks.board({ limit: 9 })
  expect(page.columns.map(({ column, count, tasks }) => [column.key, count, tasks.map(({ title }) => title).join()])).toEqual([
    ['inbox', 3, 'inbox,elsewhere,none'],
    ['next', 1, 'next'],
    ['gone', 1, ''],
  ])
  expect((await t.tasks.list({ column: 'inbox', limit: 9 })).tasks.map(({ title }) => title)).toEqual(['inbox', 'elsewhere', 'none'])
  await expect(t.tasks.list({ column: 'nowhere', limit: 9 })).rejects.toMatchObject({ code: 'INVALID', details: { field: 'column' } })
})
