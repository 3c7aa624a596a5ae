import { checkForLeaks, openTestDatabases } from '@talaria/db/testing'
import type { ChatAddress } from '@talaria/db'
import { describe, expect, test } from 'vitest'
import { isAutonomousSilence } from './autonomous-silence.ts'
import { deliveryOf, type DeliveryOptions } from './delivery-of.ts'

checkForLeaks()

const at = (platform: string, chatId: string, threadId = ''): ChatAddress => ({ platform, account: 'bot', chatId, threadId })

async function openPlaces(options: Partial<DeliveryOptions> = {}) {
  const test = openTestDatabases()
  const { chats } = test.databases.gateway
  const places: DeliveryOptions = {
    chats,
    platforms: ['telegram', 'irc', 'matrix'],
    maxLengthOn: () => 100,
    accountOn: () => undefined,
    configuredHome: () => undefined,
    ...options,
  }
  return {
    chats,
    deliver: (deliver: readonly string[], text = 'Sunny', { origin = null, isFailure = false }: { origin?: ChatAddress | null; isFailure?: boolean } = {}) =>
      deliveryOf({ deliver, origin }, { text, isFailure, turnId: 'run_1' }, places),
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  }
}

const placesOf = ({ outbound }: Awaited<ReturnType<typeof deliveryOf>>) =>
  outbound.map(({ address: { platform, account, chatId, threadId } }) => [platform, account, chatId, threadId].join(' ').trim())

test('output goes to the chat of its job, to homes, to a platform, and to a chat and thread by name', async () => {
  await using t = await openPlaces()
  await t.chats.setHome(at('telegram', '1'), true)
  await t.chats.setHome(at('irc', '#home'), true)
  await t.chats.seen(at('telegram', '2'), { kind: 'group', name: 'Family' })
  expect(placesOf(await t.deliver(['origin'], 'x', { origin: at('telegram', '9', '5') }))).toEqual(['telegram bot 9 5'])
  expect(placesOf(await t.deliver(['home']))).toEqual(['telegram bot 1', 'irc bot #home'])
  expect(placesOf(await t.deliver(['irc']))).toEqual(['irc bot #home'])
  expect(placesOf(await t.deliver(['telegram:2']))).toEqual(['telegram bot 2'])
  expect(placesOf(await t.deliver(['telegram:2:77']))).toEqual(['telegram bot 2 77'])
  expect(placesOf(await t.deliver(['telegram:Family']))).toEqual(['telegram bot 2'])
  expect(placesOf(await t.deliver(['telegram:12345']))).toEqual(['telegram bot 12345'])
})

test('an id that holds colons is not cut where the directory knows it', async () => {
  await using t = await openPlaces()
  await t.chats.seen(at('matrix', '!room:server.org'), { kind: 'group' })
  expect(placesOf(await t.deliver(['matrix:!room:server.org']))).toEqual(['matrix bot !room:server.org'])
  expect(placesOf(await t.deliver(['matrix:!room:server.org:$thread']))).toEqual(['matrix bot !room:server.org $thread'])
})

test('a chat that several targets mean gets one message', async () => {
  await using t = await openPlaces()
  await t.chats.setHome(at('telegram', '1'), true)
  const sent = await t.deliver(['home', 'telegram', 'telegram:1', 'origin'])
  expect(placesOf(sent)).toEqual(['telegram bot 1'])
  expect(sent.deliveries.map(({ status }) => status)).toEqual(['queued', 'queued', 'queued', 'queued'])
})

test('what leads nowhere is said, and does not keep the rest from its way', async () => {
  await using t = await openPlaces()
  await t.chats.setHome(at('telegram', '1'), true)
  const sent = await t.deliver(['irc:#x', 'irc', 'pigeon', 'telegram'])
  expect(sent.deliveries).toMatchObject([
    { target: 'irc:#x', status: 'failed', error: expect.stringContaining('irc is not connected') },
    { target: 'irc', status: 'failed', error: 'There is no home chat on irc.' },
    { target: 'pigeon', status: 'failed' },
    { target: 'telegram', status: 'queued', outbound: [sent.outbound[0]!.id] },
  ])
  expect(placesOf(sent)).toEqual(['telegram bot 1'])
})

test('a home of the settings stands in until one is chosen in a chat', async () => {
  await using t = await openPlaces({ configuredHome: (platform) => (platform === 'irc' ? { chatId: '#set', threadId: '' } : undefined), accountOn: () => 'me' })
  expect(placesOf(await t.deliver(['home']))).toEqual(['irc me #set'])
  expect(placesOf(await t.deliver(['origin']))).toEqual(['irc me #set'])
  await t.chats.setHome(at('irc', '#chosen'), true)
  expect(placesOf(await t.deliver(['home']))).toEqual(['irc bot #chosen'])
})

test('a long output is cut into what the platform takes, and names its turn', async () => {
  await using t = await openPlaces()
  await t.chats.setHome(at('telegram', '1'), true)
  const { outbound, deliveries } = await t.deliver(['home'], 'word '.repeat(50))
  expect(outbound.length).toBeGreaterThan(2)
  for (const row of outbound) expect(row).toMatchObject({ kind: 'cron', turnId: 'run_1', group: outbound[0]!.group })
  expect(outbound.every(({ text }) => text.length <= 100)).toBe(true)
  expect(deliveries[0]?.outbound).toEqual(outbound.map(({ id }) => id))
})

test('silence is not sent, and said to be silence; a failure is told all the same', async () => {
  await using t = await openPlaces()
  await t.chats.setHome(at('telegram', '1'), true)
  expect(await t.deliver(['home'], 'Nothing new.\n[SILENT]')).toEqual({ deliveries: [{ target: 'home', status: 'silent' }], outbound: [] })
  expect(placesOf(await t.deliver(['home'], '', { isFailure: true }))).toEqual([])
  expect(placesOf(await t.deliver(['home'], 'It failed: NO_REPLY', { isFailure: true }))).toEqual(['telegram bot 1'])
  expect(await t.deliver(['session', 'none'])).toEqual({ deliveries: [], outbound: [] })
})

describe('an answer that nobody waits for is silence', () => {
  test.for(['[SILENT]', 'NO_REPLY\n\nNothing changed.', 'All quiet.\n\n  [SILENT]  \n', '', ' \n '])('%j', (text) => {
    expect(isAutonomousSilence(text)).toBe(true)
  })

  test.for(['It said [SILENT] to me', 'One\n[SILENT]\nThree', 'SILENTLY', 'Silence is golden'])('but not %j', (text) => {
    expect(isAutonomousSilence(text)).toBe(false)
  })
})
