import { silentLog, systemClock, type Clock } from '@talaria/core'
import { until } from '@talaria/core/testing'
import type { BoardStores, EventKind, NewSubscription, Subscription } from '@talaria/db'
import { expect, test } from 'vitest'
import { LeapingClock } from '../testing/leaping-clock.ts'
import { openTestBoards, type TestBoards } from '../testing/test-board.ts'
import type { Deliver, Notification } from './notification.ts'
import { Notifier } from './notifier.ts'

const CHAT = { kind: 'chat', platform: 'telegram', account: 'bot', chatId: '42', threadId: '' } as const
const by = { actor: 'user:anna' }

/** What stands for an outbox: rows that are unique by their id, and faults on demand. */
class Outbox {
  readonly rows = new Map<string, Notification>()
  readonly calls: string[] = []
  fault: (notification: Notification) => void = () => {}
  faultAfter: (notification: Notification) => void = () => {}

  readonly deliver: Deliver = async (notification) => {
    this.calls.push(notification.id)
    this.fault(notification)
    if (!this.rows.has(notification.id)) this.rows.set(notification.id, notification)
    this.faultAfter(notification)
  }

  get texts(): readonly string[] {
    return [...this.rows.values()].map(({ text }) => text)
  }
}

function startNotifier({ databases, storesOf }: TestBoards, outbox: Outbox, clock: Clock = systemClock): Notifier {
  const notifier = new Notifier({ boards: databases.boards, storesOf, deliveries: { chat: outbox.deliver }, random: () => 0, clock, log: silentLog })
  notifier.start()
  return notifier
}

const subscribed = (stores: BoardStores, subscription: Partial<NewSubscription> = {}, task: number | null = null) =>
  stores.subscriptions.add(task, { target: CHAT, ...subscription }, by.actor)

async function doneTask(stores: BoardStores, title: string, summary = 'All is well.\nAt length.'): Promise<number> {
  const { task } = await stores.tasks.create({ title, assignee: 'anna' }, by.actor)
  await stores.tasks.complete(task.number, { summary }, by)
  return task.number
}

const only = async (stores: BoardStores): Promise<Subscription> => (await stores.subscriptions.list())[0]!

/** A store of a process that dies when it calls `method`: that call never happens. */
function dyingAt<Store extends object>(store: Store, method: keyof Store, onDeath: () => void): Store {
  return new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      if (key !== method) return member.bind(target) as unknown
      return async () => {
        onDeath()
        throw new Error('killed')
      }
    },
  })
}

/** Lets time pass until something is so. */
async function passing(clock: LeapingClock, what: string, look: () => Promise<boolean> | boolean, stepMs = 15_000): Promise<void> {
  await until(what, 10_000, async () => {
    if (await look()) return true
    clock.leap(stepMs)
    return false
  })
}

test('what happens to any task is told to who follows the board, once, and what nobody asked for is not', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  await subscribed(stores)
  const outbox = new Outbox()
  await using _ = startNotifier(boards, outbox)
  await doneTask(stores, 'Write the report')
  const { task } = await stores.tasks.create({ title: 'Ask', assignee: 'bo' }, by.actor)
  await stores.tasks.block(task.number, { kind: 'needs_input', reason: 'Which year?' }, by)
  await until('it is so', 5_000, () => outbox.rows.size === 2)
  expect(outbox.texts).toEqual(['✔ #1 done: Write the report (@anna)\nAll is well.', '⏸ #2 blocked: Ask (@bo)\nWhich year?'])
  await until('it is so', 5_000, async () => (await only(stores)).cursor === (await stores.events.latest()))
  expect(outbox.calls).toHaveLength(2)
})

test('who follows one task is told of that one only, and who chose kinds of these', async () => {
  await using boards = await openTestBoards(['default', 'web'])
  const stores = boards.storesOf('web')
  const { task: followed } = await stores.tasks.create({ title: 'followed', assignee: 'anna' }, by.actor)
  await subscribed(stores, {}, followed.number)
  await subscribed(stores, { target: { ...CHAT, chatId: '7' }, kinds: ['task.archived'] })
  const outbox = new Outbox()
  await using _ = startNotifier(boards, outbox)
  await doneTask(stores, 'another')
  await stores.tasks.complete(followed.number, { summary: 'yes' }, by)
  await stores.tasks.archive(followed.number, by)
  await until('it is so', 5_000, () => outbox.rows.size === 2)
  expect(outbox.texts.toSorted()).toEqual(['✔ [web] #1 done: followed (@anna)\nyes', '🗄 [web] #1 archived: followed (@anna)'])
})

test('a crash between the outbox and the cursor tells nothing twice and loses nothing', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  await subscribed(stores)
  const outbox = new Outbox()
  await doneTask(stores, 'one')
  {
    // Killed when the row is written, before the cursor is.
    const killed = Promise.withResolvers<void>()
    const storesOf = () => ({ ...stores, subscriptions: dyingAt(stores.subscriptions, 'advance', killed.resolve) })
    await using _ = startNotifier({ ...boards, storesOf }, outbox)
    await killed.promise
  }
  expect((await only(stores)).cursor).toBeLessThan(await stores.events.latest())
  expect(outbox.rows.size).toBe(1)
  await doneTask(stores, 'two')
  await using _ = startNotifier(boards, outbox)
  await until('it is so', 5_000, () => outbox.rows.size === 2)
  await until('it is so', 5_000, async () => (await only(stores)).cursor === (await stores.events.latest()))
  expect(outbox.calls).toHaveLength(3)
  expect(outbox.texts).toEqual(['✔ #1 done: one (@anna)\nAll is well.', '✔ #2 done: two (@anna)\nAll is well.'])
})

test('two notifiers of one home make one row of each event', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  await subscribed(stores)
  const outbox = new Outbox()
  await using _one = startNotifier(boards, outbox)
  await using _other = startNotifier(boards, outbox)
  for (let number = 1; number <= 10; number++) await doneTask(stores, `task ${number}`)
  await until('it is so', 5_000, () => outbox.rows.size === 10)
  await until('it is so', 5_000, async () => (await only(stores)).cursor === (await stores.events.latest()))
  expect(outbox.texts.map((text) => text.split(' ')[1])).toEqual(Array.from({ length: 10 }, (_, index) => `#${index + 1}`))
})

test('what happens while nobody runs is told when somebody does, from where it stopped', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  await subscribed(stores)
  const outbox = new Outbox()
  {
    await using _ = startNotifier(boards, outbox)
    await doneTask(stores, 'one')
    await until('it is so', 5_000, () => outbox.rows.size === 1)
  }
  for (let number = 2; number <= 210; number++) await doneTask(stores, `task ${number}`)
  await using _ = startNotifier(boards, outbox)
  await until('it is so', 5_000, () => outbox.rows.size === 210)
  expect(outbox.calls).toHaveLength(210)
})

test('a digest gathers what happens in its minutes into one message, and a failed try makes the same one', async () => {
  const clock = new LeapingClock(Date.UTC(2026, 0, 5, 9, 0))
  await using boards = await openTestBoards(['default'], { clock })
  const stores = boards.storesOf('default')
  await subscribed(stores, { digestMinutes: 60 })
  const outbox = new Outbox()
  await using _ = startNotifier(boards, outbox, clock)
  for (const title of ['one', 'two', 'three']) {
    await doneTask(stores, title)
    clock.leap(60_000)
  }
  const { task } = await stores.tasks.create({ title: 'four', assignee: 'bo' }, by.actor)
  await stores.tasks.block(task.number, { kind: 'needs_input', reason: 'Why?' }, by)
  clock.leap(50 * 60_000)
  await until('it is put off', 5_000, async () => (await only(stores)).nextAt !== null)
  expect(outbox.calls).toHaveLength(0)
  let faults = 1
  outbox.faultAfter = () => {
    if (faults-- > 0) throw new Error('the process was killed here')
  }
  await passing(clock, 'the digest', () => outbox.rows.size > 0)
  await doneTask(stores, 'later')
  await passing(clock, 'a second try', () => outbox.calls.length === 2)
  expect(new Set(outbox.calls).size).toBe(1)
  expect(outbox.texts[0]!.replace(/since \d\d:\d\d/, 'since 09:00').split('\n')).toEqual([
    '3 done, 1 blocked since 09:00',
    '✔ #1 done: one (@anna)',
    '✔ #2 done: two (@anna)',
    '✔ #3 done: three (@anna)',
    '⏸ #4 blocked: four (@bo)',
  ])
  await passing(clock, 'the next digest', () => outbox.rows.size === 2, 10 * 60_000)
  expect(outbox.texts[1]).toContain('1 done')
})

test('who cannot be told is tried again ever more slowly, and set aside with the reason after a day', async () => {
  const clock = new LeapingClock()
  await using boards = await openTestBoards(['default'], { clock })
  const stores = boards.storesOf('default')
  await subscribed(stores)
  const outbox = new Outbox()
  outbox.fault = () => {
    throw new Error('the chat is gone')
  }
  await using _ = startNotifier(boards, outbox, clock)
  await doneTask(stores, 'one')
  await passing(clock, 'it is set aside', async () => (await only(stores)).parkedAt !== null, 25 * 60_000)
  const parked = await only(stores)
  expect(parked.lastError).toBe('the chat is gone')
  expect(clock.now() - 1_750_000_000_000).toBeGreaterThan(24 * 3_600_000)
  expect(outbox.calls.length).toBeLessThan(70)
  outbox.fault = () => {}
  await stores.subscriptions.resume(parked.id)
  await passing(clock, 'it is told after all', () => outbox.rows.size === 1)
})

test('one failure in a row of events repeats none before it', async () => {
  const clock = new LeapingClock()
  await using boards = await openTestBoards(['default'], { clock })
  const stores = boards.storesOf('default')
  await subscribed(stores)
  for (const title of ['one', 'two', 'three']) await doneTask(stores, title)
  const outbox = new Outbox()
  let faults = 2
  outbox.fault = ({ text }) => {
    if (text.includes('two') && faults-- > 0) throw new Error('no')
  }
  await using _ = startNotifier(boards, outbox, clock)
  await passing(clock, 'all are told', () => outbox.rows.size === 3)
  expect(outbox.calls.map((id) => [...new Set(outbox.calls)].indexOf(id))).toEqual([0, 1, 1, 1, 2])
})

test('who follows a task is not even looked at when something happens to others', async () => {
  await using boards = await openTestBoards()
  const stores = boards.storesOf('default')
  const kinds: readonly EventKind[] = ['task.completed']
  for (let number = 1; number <= 5; number++)
    await stores.tasks.create({ title: `${number}`, assignee: 'anna', subscribers: [{ target: CHAT, kinds }] }, by.actor)
  const outbox = new Outbox()
  {
    await using _ = startNotifier(boards, outbox)
    await until('nobody is behind', 5_000, async () => (await stores.subscriptions.behind('chat', 100)).length === 0)
  }
  await stores.tasks.complete(2, { summary: 'done' }, by)
  expect((await stores.subscriptions.behind('chat', 100)).map(({ taskNumber }) => taskNumber)).toEqual([2])
})
