import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'
import type { BoardColumn } from './records.ts'

checkForLeaks()

const by = { actor: 'anna' }
const COLUMNS: readonly BoardColumn[] = [
  { key: 'inbox', name: 'Inbox', state: 'triage', wipLimit: 1 },
  { key: 'ready', name: 'Ready', state: 'ready' },
  { key: 'next', name: 'Next', state: 'ready', wipLimit: 2 },
  { key: 'stuck', name: 'Stuck', state: 'blocked', wipLimit: 1 },
]

async function boardWithColumns() {
  const t = await openTestBoard()
  await t.board.change({ settings: { columns: COLUMNS } }, by)
  return t
}

test('a column takes as many tasks as it may, and the one too many says which column is full', async () => {
  await using t = await boardWithColumns()
  const made = await Promise.all(['a', 'b', 'c'].map((title) => t.tasks.create({ title }, 'anna')))
  const [a, b, c] = made.map(({ task }) => task.number)
  await t.tasks.change(a!, { columnKey: 'next' }, by)
  await t.tasks.change(b!, { columnKey: 'next' }, by)
  await expect(t.tasks.change(c!, { columnKey: 'next' }, by)).rejects.toMatchObject({ code: 'WIP_LIMIT', details: { column: 'next', limit: 2 } })
  expect((await t.tasks.get(c!))!.columnKey).toBeNull()
  await t.tasks.change(a!, { columnKey: null }, by)
  expect((await t.tasks.change(c!, { columnKey: 'next' }, by)).columnKey).toBe('next')
})

test('an action that would overfill a column is refused, and changes nothing', async () => {
  await using t = await boardWithColumns()
  for (const title of ['a', 'b']) await t.tasks.create({ title }, 'anna')
  await t.tasks.block(1, { kind: 'needs_input', reason: 'x' }, by)
  await expect(t.tasks.block(2, { kind: 'needs_input', reason: 'x' }, by)).rejects.toMatchObject({ code: 'WIP_LIMIT' })
  expect((await t.tasks.get(2))!.state).toBe('ready')
})

test('a column that is none of the task’s state is refused with those that are', async () => {
  await using t = await boardWithColumns()
  await t.tasks.create({ title: 'a' }, 'anna')
  await expect(t.tasks.change(1, { columnKey: 'stuck' }, by)).rejects.toMatchObject({ code: 'INVALID', message: expect.stringContaining('ready, next') })
  await expect(t.tasks.create({ title: 'b', columnKey: 'nowhere' }, 'anna')).rejects.toMatchObject({ code: 'INVALID' })
  expect((await t.tasks.list({ limit: 10 })).tasks).toHaveLength(1)
})

test('nothing is changed on an archived board, by whichever method, until it is restored', async () => {
  await using t = await openTestBoard()
  await t.tasks.create({ title: 'a' }, 'anna')
  await t.board.archive('anna')
  await expect(t.tasks.create({ title: 'b' }, 'anna')).rejects.toMatchObject({ code: 'BOARD_ARCHIVED' })
  await expect(t.tasks.change(1, { title: 'b' }, by)).rejects.toMatchObject({ code: 'BOARD_ARCHIVED' })
  await expect(t.tasks.archive(1, by)).rejects.toMatchObject({ code: 'BOARD_ARCHIVED' })
  await t.board.restore('anna')
  expect((await t.tasks.change(1, { title: 'b' }, by)).title).toBe('b')
})
