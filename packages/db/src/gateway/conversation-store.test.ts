import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { acceptance, item, responseNamed, settlement } from '../testing/gateway-records.ts'
import { openTestDatabases, type TestDatabases } from '../testing/open-test-databases.ts'
import { countOf } from '../testing/rows-of.ts'
import type { Viewer } from './records.ts'

checkForLeaks()

const me: Viewer = { owner: 'me' }
const keep = { sessionsMs: undefined, runsMs: undefined }

test('a conversation is as it was created and updated, for its owner alone', async () => {
  await using test = openTestDatabases({ clock: new FakeClock(1_000) })
  const { conversations } = test.databases.gateway
  const created = await conversations.create({ id: 'conv_1', owner: 'me', metadata: { a: '1' } }, [item('hello')])
  expect(created).toEqual({ id: 'conv_1', owner: 'me', name: null, sessionId: null, createdAt: 1_000, metadata: { a: '1' } })
  expect(await conversations.get('conv_1', me)).toEqual(created)
  expect(await conversations.get('conv_1', { owner: 'other' })).toBeUndefined()
  expect(await conversations.update('conv_1', { owner: 'other' }, {})).toBeUndefined()
  expect(await conversations.update('conv_1', me, { b: '2' })).toEqual({ ...created, metadata: { b: '2' } })
  expect(await conversations.delete('conv_1', { owner: 'other' })).toBe(false)
  expect(await conversations.delete('conv_1', me)).toBe(true)
  expect(await conversations.delete('conv_1', me)).toBe(false)
  expect(await conversations.get('conv_1', { all: true })).toBeUndefined()
})

test('a name is one conversation for its owner, also when asked for twice at once, and is free again after it was deleted', async () => {
  await using test = openTestDatabases()
  const { conversations } = test.databases.gateway
  const named = (id: string, owner = 'me') => conversations.create({ id, owner, name: 'daily', metadata: {} })
  const [first, twin] = await Promise.all([named('conv_1'), named('conv_2')])
  expect(twin).toEqual(first)
  expect(await named('conv_3', 'other')).toMatchObject({ id: 'conv_3' })
  expect(await conversations.named('daily', 'me')).toMatchObject({ id: 'conv_1' })
  await conversations.delete('conv_1', me)
  expect(await conversations.named('daily', 'me')).toBeUndefined()
  expect(await named('conv_4')).toMatchObject({ id: 'conv_4' })
})

test('items keep their order, are added once, and are read by pages in either direction', async () => {
  await using test = openTestDatabases()
  const { conversations } = test.databases.gateway
  await conversations.create({ id: 'conv_1', owner: 'me', metadata: {} }, [item('a'), item('b')])
  await conversations.addItems('conv_1', [item('c'), item('b'), item('d')])
  const ids = async (query: Parameters<typeof conversations.items>[1]) => (await conversations.items('conv_1', query))?.map(({ id }) => id)
  expect(await ids({ limit: 10, order: 'asc' })).toEqual(['a', 'b', 'c', 'd'])
  expect(await ids({ limit: 2, order: 'desc' })).toEqual(['d', 'c'])
  expect(await ids({ limit: 2, order: 'desc', after: 'c' })).toEqual(['b', 'a'])
  expect(await ids({ limit: 2, order: 'asc', after: 'a' })).toEqual(['b', 'c'])
  expect(await ids({ limit: 2, order: 'asc', after: 'nowhere' })).toBeUndefined()
  expect(await conversations.item('conv_1', 'c')).toEqual(item('c'))
  expect(await conversations.deleteItem('conv_1', 'c')).toBe(true)
  expect(await conversations.deleteItem('conv_1', 'c')).toBe(false)
  expect(await conversations.item('conv_1', 'c')).toBeUndefined()
})

test('an answer joins its conversation, question first, when it ended well, and gives it its session', async () => {
  await using test = openTestDatabases()
  const { conversations } = test.databases.gateway
  await conversations.create({ id: 'conv_1', owner: 'me', metadata: {} })
  await ask(test, 'a')
  await end(test, 'a', 'completed')
  await ask(test, 'b')
  await end(test, 'b', 'failed')
  await ask(test, 'c')
  await end(test, 'c', 'incomplete')
  const items = await conversations.items('conv_1', { limit: 10, order: 'asc' })
  expect(items!.map(({ id }) => id)).toEqual(['in a', 'out a', 'in c', 'out c'])
  expect(await conversations.get('conv_1', me)).toMatchObject({ sessionId: 'ses_1' })
})

test('an answer whose conversation was deleted, and cleared away, while it was given still ends', async () => {
  await using test = openTestDatabases()
  const { conversations, responses, retention } = test.databases.gateway
  await conversations.create({ id: 'conv_1', owner: 'me', metadata: {} }, [item('hello')])
  await ask(test, 'a')
  await conversations.delete('conv_1', me)
  await retention.sweep(keep)
  expect(countOf(test.file, 'conversation')).toBe(0)
  await end(test, 'a', 'completed')
  expect(await responses.get('a', me)).toMatchObject({ status: 'completed', output: [item('out a')] })
  expect(countOf(test.file, 'conversation_item')).toBe(0)
})

async function ask({ databases }: TestDatabases, id: string): Promise<void> {
  expect(await databases.gateway.turns.accept(acceptance(`run_${id}`, { response: responseNamed(id, { conversationId: 'conv_1' }) }))).toBeDefined()
}

async function end({ databases }: TestDatabases, id: string, status: 'completed' | 'incomplete' | 'failed'): Promise<void> {
  const settled = await databases.gateway.turns.settle(
    `run_${id}`,
    'runner_1',
    settlement('x', { response: { status, envelope: {}, output: [item(`out ${id}`)] } }),
  )
  expect(settled).toBe(true)
}
