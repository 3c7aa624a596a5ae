import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { chatAt } from '../../testing/chat-records.ts'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'
import type { ChatReader } from './chat-store.ts'

checkForLeaks()

test('a chat is in the directory once somebody was heard there, with nothing set', async () => {
  await using test = openTestDatabases({ clock: new FakeClock(1_000) })
  const { chats } = test.databases.gateway
  const address = chatAt('chat', { threadId: 'topic' })
  expect(await chats.get(address)).toBeUndefined()
  await chats.seen(address, { kind: 'thread', name: 'Kitchen', parentChatId: 'house' })
  expect(await chats.get(address)).toEqual({
    address,
    kind: 'thread',
    name: 'Kitchen',
    parentChatId: 'house',
    firstSeenAt: 1_000,
    lastSeenAt: 1_000,
    isHome: false,
    settings: { model: null, systemPrompt: null, busyMode: null, personality: null, reset: null },
    parked: null,
  })
  expect(await chats.get(chatAt('chat')), 'a thread is a place of its own').toBeUndefined()
})

test('a chat in which many talk is written once a minute, or when its name changes; a name that is left out stays', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { chats } = test.databases.gateway
  const address = chatAt('chat')
  await chats.seen(address, { kind: 'group', name: 'Kitchen' })
  const { commits } = test.databases.stats()
  await clock.advance(59_999)
  await chats.seen(address, { kind: 'group', name: 'Kitchen' })
  await chats.seen(address, { kind: 'group' })
  expect(test.databases.stats().commits).toBe(commits)
  await clock.advance(1)
  await chats.seen(address, { kind: 'group' })
  expect(await chats.get(address)).toMatchObject({ name: 'Kitchen', firstSeenAt: 1_000, lastSeenAt: 61_000 })
  await chats.seen(address, { kind: 'group', name: 'Garden' })
  expect(await chats.get(address)).toMatchObject({ name: 'Garden' })
})

test('a platform has one home, which can be set before anybody was heard there, and given up', async () => {
  await using test = openTestDatabases()
  const { chats } = test.databases.gateway
  await chats.setHome(chatAt('a'), true)
  await chats.setHome(chatAt('x', { platform: 'discord' }), true)
  expect(await chats.home('telegram')).toMatchObject({ address: chatAt('a'), kind: null })
  await chats.setHome(chatAt('b'), true)
  expect(await chats.home('telegram')).toMatchObject({ address: chatAt('b'), isHome: true })
  expect(await chats.get(chatAt('a'))).toMatchObject({ isHome: false })
  expect((await chats.list({ homeOnly: true, limit: 10 })).map(({ address }) => address.platform)).toEqual(['discord', 'telegram'])
  await chats.setHome(chatAt('b'), false)
  expect(await chats.home('telegram')).toBeUndefined()
})

test('what is set for a chat is changed one by one, and cleared by null', async () => {
  await using test = openTestDatabases()
  const { chats } = test.databases.gateway
  const settingsAfter = async (changes: Parameters<typeof chats.configure>[1]) => {
    await chats.configure(chatAt('chat'), changes)
    return (await chats.get(chatAt('chat')))!.settings
  }
  const all = { model: 'm', systemPrompt: 'be brief', busyMode: 'steer', personality: 'pirate', reset: { mode: 'daily', hour: 4 } } as const
  expect(await settingsAfter(all)).toEqual(all)
  expect(await settingsAfter({ model: 'n', reset: null })).toEqual({ ...all, model: 'n', reset: null })
  expect(await settingsAfter({})).toEqual({ ...all, model: 'n', reset: null })
})

test('a chat that takes nothing says why until it heals, which is told once', async () => {
  await using test = openTestDatabases({ clock: new FakeClock(1_000) })
  const { chats } = test.databases.gateway
  expect(await chats.heal(chatAt('chat'))).toBe(false)
  await chats.park(chatAt('chat'), 'forbidden', 'the bot was blocked')
  expect(await chats.get(chatAt('chat'))).toMatchObject({ parked: { at: 1_000, code: 'forbidden', reason: 'the bot was blocked' } })
  expect(await Promise.all([chats.heal(chatAt('chat')), chats.heal(chatAt('chat'))])).toEqual([true, false])
  expect(await chats.get(chatAt('chat'))).toMatchObject({ parked: null })
})

test('the directory is listed a page at a time, of one platform or of all', async () => {
  await using test = openTestDatabases()
  const { chats } = test.databases.gateway
  for (const platform of ['telegram', 'discord']) {
    for (const chat of ['b', 'a']) for (const threadId of ['', '1']) await chats.seen(chatAt(chat, { platform, threadId }), { kind: 'group' })
  }
  expect(await pages(chats, {})).toEqual(['discord a', 'discord a 1', 'discord b', 'discord b 1', 'telegram a', 'telegram a 1', 'telegram b', 'telegram b 1'])
  expect(await pages(chats, { platform: 'telegram' })).toEqual(['telegram a', 'telegram a 1', 'telegram b', 'telegram b 1'])
})

async function pages(chats: ChatReader, query: { platform?: string }): Promise<readonly string[]> {
  const seen: string[] = []
  for (let page = await chats.list({ ...query, limit: 3 }); page.length > 0; page = await chats.list({ ...query, limit: 3, after: page.at(-1)!.address })) {
    seen.push(...page.map(({ address }) => `${address.platform} ${address.chatId} ${address.threadId}`.trim()))
  }
  return seen
}
