import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'

checkForLeaks()

async function boardWithTask() {
  const t = await openTestBoard()
  await t.tasks.create({ title: 'a' }, 'anna')
  const say = (...bodies: readonly string[]) => Array.fromAsync(bodies, (body) => t.comments.add(1, { body, author: 'anna' }))
  return Object.assign(t, { say })
}

test('comments of one moment are listed in the order in which they were made, a page after the other', async () => {
  await using t = await boardWithTask()
  const made = await t.say('1', '2', '3', '4', '5')
  expect(await t.comments.list(1, { limit: 10 })).toEqual(made)
  expect(await t.comments.list(1, { limit: 2 })).toEqual(made.slice(0, 2))
  expect(await t.comments.list(1, { limit: 2, after: made[1]!.id })).toEqual(made.slice(2, 4))
  expect(await t.comments.list(1, { limit: 2, after: made[4]!.id })).toEqual([])
})

test('the latest comments are the newest ones, oldest of them first', async () => {
  await using t = await boardWithTask()
  await t.say('1', '2', '3')
  expect((await t.comments.latest(1, 2)).map(({ body }) => body)).toEqual(['2', '3'])
})

test('a comment says who made it and when, changes when its task was last touched, and is an event without its text', async () => {
  await using t = await boardWithTask()
  await t.clock.advance(5)
  const comment = await t.comments.add(1, { body: ' a secret ', author: 'ben' })
  expect(comment).toMatchObject({ taskNumber: 1, runId: null, author: 'ben', body: ' a secret ', createdAt: t.clock.now() })
  expect(await t.comments.get(comment.id)).toEqual(comment)
  expect((await t.tasks.get(1))!.updatedAt).toBe(t.clock.now())
  const [event] = await t.events.latestOf(1, 1)
  expect(event).toMatchObject({ kind: 'comment.added', actor: 'ben', at: t.clock.now() })
  expect(event!.payload).toEqual({ comment: comment.id, length: 10 })
})

test('a task has its own comments only', async () => {
  await using t = await boardWithTask()
  await t.tasks.create({ title: 'b' }, 'anna')
  await t.say('of a')
  expect([await t.comments.list(2, { limit: 10 }), await t.comments.latest(2, 10)]).toEqual([[], []])
  expect(await t.comments.get('com_none')).toBeUndefined()
})

test('a comment that is empty, too long or about no task is refused, and leaves no event', async () => {
  await using t = await boardWithTask()
  const before = await t.events.latest()
  const add = (number: number, body: string) => t.comments.add(number, { body, author: 'anna' })
  await expect(add(1, ' \n')).rejects.toMatchObject({ code: 'INVALID' })
  await expect(add(1, 'x'.repeat(100_001))).rejects.toMatchObject({ code: 'INVALID', message: expect.stringContaining('attach') })
  await expect(add(2, 'x')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  expect(await t.events.latest()).toBe(before)
  expect((await add(1, 'x'.repeat(100_000))).body).toHaveLength(100_000)
})
