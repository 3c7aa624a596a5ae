import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'
import { startChild } from '../testing/start-child.ts'

checkForLeaks()

/** Events 1 to 6: the board, tasks a and b, a word on each of them, and one more on a. */
async function boardWithEvents() {
  const t = await openTestBoard()
  for (const title of ['a', 'b']) await t.tasks.create({ title }, 'anna')
  for (const number of [1, 2, 1]) await t.comments.add(number, { body: 'x', author: 'anna' })
  return t
}

const seqs = (events: readonly { readonly seq: number }[]) => events.map(({ seq }) => seq)

test('events are numbered without a gap, also where something was refused, and when many write at once', async () => {
  await using t = await boardWithEvents()
  const wishes = Array.from({ length: 20 }, (_, index) => t.comments.add(index % 2 ? 1 : 99, { body: 'x', author: 'anna' }))
  expect((await Promise.allSettled(wishes)).filter(({ status }) => status === 'rejected')).toHaveLength(10)
  const all = await t.events.since({ after: 0, limit: 100 })
  expect(seqs(all)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1))
  expect(all[0]).toMatchObject({ kind: 'board.created', taskNumber: null, actor: 'cli' })
})

test('who follows asks for what came after the last one, as many as wanted', async () => {
  await using t = await boardWithEvents()
  expect(seqs(await t.events.since({ after: 2, limit: 3 }))).toEqual([3, 4, 5])
  expect(seqs(await t.events.since({ after: 5, limit: 3 }))).toEqual([6])
  expect(await t.events.since({ after: 6, limit: 3 })).toEqual([])
})

test('events are asked for by task, by kind, and by both', async () => {
  await using t = await boardWithEvents()
  const since = async (query: object) => seqs(await t.events.since({ after: 0, limit: 10, ...query }))
  expect(await since({ taskNumber: 1 })).toEqual([2, 4, 6])
  expect(await since({ kinds: ['task.created', 'board.created'] })).toEqual([1, 2, 3])
  expect(await since({ taskNumber: 2, kinds: ['comment.added'] })).toEqual([5])
  expect(await since({ kinds: [] })).toEqual([])
  expect(seqs(await t.events.latestOf(1, 2))).toEqual([6, 4])
})

test('the oldest and the newest event are known, also of a log whose beginning has gone', async () => {
  await using t = await boardWithEvents()
  expect([await t.events.oldest(), await t.events.latest()]).toEqual([1, 6])
  await startChild('run-sql', [t.file, 'delete from event where seq < 4']).ended
  expect([await t.events.oldest(), await t.events.latest()]).toEqual([4, 6])
})
