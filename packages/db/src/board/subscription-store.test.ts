import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'
import type { SubscriptionTarget } from './records.ts'

checkForLeaks()

const CHAT = { kind: 'chat', platform: 'telegram', account: 'bot', chatId: '7', threadId: '' } as const

async function boardWithTasks() {
  const t = await openTestBoard()
  for (const title of ['a', 'b']) await t.tasks.create({ title }, 'anna')
  return Object.assign(t, {
    follow: (taskNumber: number | null, target: SubscriptionTarget = CHAT) => t.subscriptions.add(taskNumber, { target }, 'anna'),
    say: (taskNumber: number) => t.comments.add(taskNumber, { body: 'x', author: 'anna' }),
    behind: async (kind: SubscriptionTarget['kind'] = 'chat') => (await t.subscriptions.behind(kind, 10)).map(({ id }) => id),
  })
}

test('who subscribes is told of what happens from then on, and of nothing before it', async () => {
  await using t = await boardWithTasks()
  const before = await t.events.latest()
  const { id, cursor } = await t.follow(1)
  expect(cursor).toBe(before)
  await t.subscriptions.advance(id, { from: cursor, to: await t.events.latest() })
  expect(await t.behind()).toEqual([])
  await t.say(1)
  expect(await t.behind()).toEqual([id])
})

test('the same target of the same task is one subscription, which is changed; of another task, or of the board, it is another', async () => {
  await using t = await boardWithTasks()
  const first = await t.follow(1)
  await t.say(1)
  const again = await t.subscriptions.add(1, { target: { ...CHAT, sessionId: 's' }, mode: 'wake', kinds: ['task.completed'], digestMinutes: 5 }, 'ben')
  expect(again).toMatchObject({ id: first.id, cursor: first.cursor, mode: 'wake', kinds: ['task.completed'], digestMinutes: 5 })
  const others = [await t.follow(2), await t.follow(null), await t.follow(null), await t.follow(1, { ...CHAT, threadId: '1' })].map(({ id }) => id)
  expect(new Set([first.id, ...others]).size).toBe(4)
  const idsOf = async (taskNumber?: number | null) => (await t.subscriptions.list(taskNumber === undefined ? {} : { taskNumber })).map(({ id }) => id)
  expect(await idsOf(1)).toEqual([first.id, others[3]])
  expect(await idsOf(null)).toEqual([others[1]])
  expect(await idsOf()).toHaveLength(4)
})

test('those are behind whose task something has happened to; the board’s when anything has', async () => {
  await using t = await boardWithTasks()
  const subscriptions = [await t.follow(1), await t.follow(2), await t.follow(null)]
  const newest = await t.events.latest()
  for (const { id, cursor } of subscriptions) await t.subscriptions.advance(id, { from: cursor, to: newest })
  await t.say(2)
  expect(await t.behind()).toEqual([subscriptions[1]!.id, subscriptions[2]!.id])
  expect(await t.behind('webhook')).toEqual([])
})

test('of two that tell the same, one notes it', async () => {
  await using t = await boardWithTasks()
  const { id, cursor } = await t.follow(1)
  const to = await t.events.latest()
  const advance = () => t.subscriptions.advance(id, { from: cursor, to })
  expect((await Promise.all([advance(), advance()])).filter(Boolean)).toHaveLength(1)
  expect((await t.subscriptions.list())[0]).toMatchObject({ cursor: to })
})

test('one that is to be told later is not behind until then, unless it was told meanwhile', async () => {
  await using t = await boardWithTasks()
  const { id, cursor } = await t.follow(1)
  await t.subscriptions.postpone(id, { cursor: cursor + 1, until: t.clock.now() + 10 })
  expect(await t.behind()).toEqual([id])
  await t.subscriptions.postpone(id, { cursor, until: t.clock.now() + 10 })
  expect(await t.behind()).toEqual([])
  await t.clock.advance(10)
  expect(await t.behind()).toEqual([id])
})

test('one that cannot be told is tried again later, parked in the end, and goes on from where it was when somebody resumes it', async () => {
  await using t = await boardWithTasks()
  const { id, cursor } = await t.follow(1)
  await t.subscriptions.failed(id, { error: 'x'.repeat(600), nextAt: t.clock.now() + 10 })
  expect((await t.subscriptions.list())[0]).toMatchObject({ failures: 1, lastError: 'x'.repeat(500), parkedAt: null })
  expect([await t.behind(), await t.subscriptions.resume(id)]).toEqual([[], false])
  await t.clock.advance(10)
  expect(await t.behind()).toEqual([id])
  await t.subscriptions.failed(id, { error: 'no such chat' })
  expect((await t.subscriptions.list())[0]).toMatchObject({ failures: 2, parkedAt: t.clock.now() })
  expect(await t.behind()).toEqual([])
  expect([await t.subscriptions.resume(id), await t.subscriptions.resume(id)]).toEqual([true, false])
  expect((await t.subscriptions.list())[0]).toMatchObject({ failures: 0, parkedAt: null, cursor })
  expect(await t.behind()).toEqual([id])
})

test('who subscribes again what was parked begins anew, without the failures of then', async () => {
  await using t = await boardWithTasks()
  const { id } = await t.follow(1)
  await t.subscriptions.failed(id, { error: 'no such chat' })
  expect(await t.follow(1)).toMatchObject({ id, parkedAt: null, failures: 0 })
})

test('one that was told has no failures any more', async () => {
  await using t = await boardWithTasks()
  const { id, cursor } = await t.follow(1)
  await t.subscriptions.failed(id, { error: 'busy', nextAt: 1 })
  await t.subscriptions.advance(id, { from: cursor, to: cursor + 1 })
  expect((await t.subscriptions.list())[0]).toMatchObject({ failures: 0, lastError: null, nextAt: null })
})

test('one that is taken away is told nothing more, and is taken away once', async () => {
  await using t = await boardWithTasks()
  const { id } = await t.follow(1)
  expect([await t.subscriptions.remove(id, 'ben'), await t.subscriptions.remove(id, 'ben')]).toEqual([true, false])
  expect(await t.behind()).toEqual([])
  const kinds = ['subscription.added', 'subscription.removed'] as const
  expect((await t.events.since({ after: 0, limit: 10, kinds })).map(({ kind }) => kind)).toEqual(kinds)
})

test('a target that nobody could reach is refused', async () => {
  await using t = await boardWithTasks()
  const targets: readonly SubscriptionTarget[] = [
    { ...CHAT, platform: '' },
    { ...CHAT, chatId: '' },
    { kind: 'session', sessionId: '' },
    { kind: 'webhook', url: 'no url' },
    { kind: 'webhook', url: 'file:///etc/passwd' },
  ]
  for (const target of targets) await expect(t.follow(1, target), JSON.stringify(target)).rejects.toMatchObject({ code: 'INVALID' })
  expect(await t.subscriptions.list()).toEqual([])
})
