import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { chatAt } from '../../testing/chat-records.ts'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'

checkForLeaks()

test('a key leads to a session until it is pointed at another, and keeps what is set for it', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { routes } = test.databases.gateway
  expect(await routes.find('key')).toBeUndefined()
  const route = await routes.point('key', { address: chatAt('chat'), sessionId: 'ses_1' })
  expect(route).toEqual({
    sessionKey: 'key',
    address: chatAt('chat'),
    sessionId: 'ses_1',
    startedAt: 1_000,
    lastActivityAt: 1_000,
    interruptions: 0,
    suspendedAt: null,
    settings: {},
  })
  expect(await routes.find('key')).toEqual(route)
  await routes.configure('key', { yolo: true })
  await clock.advance(500)
  await routes.point('key', { address: chatAt('moved'), sessionId: 'ses_2' })
  expect(await routes.find('key')).toEqual({
    ...route,
    address: chatAt('moved'),
    sessionId: 'ses_2',
    startedAt: 1_500,
    lastActivityAt: 1_500,
    settings: { yolo: true },
  })
})

test('the keys that lead to a session are known, and those that led there before are not among them', async () => {
  await using test = openTestDatabases()
  const { routes } = test.databases.gateway
  for (const key of ['b', 'a', 'c']) await routes.point(key, { address: chatAt(key), sessionId: 'ses_1' })
  await routes.point('c', { address: chatAt('c'), sessionId: 'ses_2' })
  expect((await routes.ofSession('ses_1')).map(({ sessionKey }) => sessionKey)).toEqual(['a', 'b'])
  expect(await routes.ofSession('ses_none')).toEqual([])
})

test('settings of a key are merged, also by two at once, and removed by null', async () => {
  await using test = openTestDatabases()
  const { routes } = test.databases.gateway
  await routes.point('key', { address: chatAt('chat'), sessionId: 'ses_1' })
  await Promise.all([routes.configure('key', { model: 'm', yolo: true }), routes.configure('key', { voice: { on: false } })])
  expect((await routes.find('key'))?.settings).toEqual({ model: 'm', yolo: true, voice: { on: false } })
  await routes.configure('key', { yolo: null, model: 'n' })
  expect((await routes.find('key'))?.settings).toEqual({ model: 'n', voice: { on: false } })
  await routes.configure('none', { model: 'm' })
  expect(await routes.find('none')).toBeUndefined()
})

test('interruptions are counted in a row: a turn that came to its end, or another session, begins anew', async () => {
  await using test = openTestDatabases()
  const { routes } = test.databases.gateway
  const begin = () => routes.point('key', { address: chatAt('chat'), sessionId: 'ses_1' })
  await begin()
  expect([await routes.interrupted('key'), await routes.interrupted('key')]).toEqual([1, 2])
  await routes.settled('key')
  expect(await routes.interrupted('key')).toBe(1)
  await begin()
  expect(await routes.interrupted('key')).toBe(1)
  expect(await routes.interrupted('none')).toBe(0)
})

test('a key is suspended until it is resumed or pointed elsewhere', async () => {
  await using test = openTestDatabases({ clock: new FakeClock(1_000) })
  const { routes } = test.databases.gateway
  await routes.point('key', { address: chatAt('chat'), sessionId: 'ses_1' })
  await routes.interrupted('key')
  expect([await routes.suspend('key'), await routes.suspend('key')]).toEqual([true, false])
  expect(await routes.find('key')).toMatchObject({ suspendedAt: 1_000, interruptions: 1 })
  expect([await routes.resume('key'), await routes.resume('key')]).toEqual([true, false])
  expect(await routes.find('key')).toMatchObject({ suspendedAt: null, interruptions: 0 })
  await routes.suspend('key')
  expect(await routes.point('key', { address: chatAt('chat'), sessionId: 'ses_2' })).toMatchObject({ suspendedAt: null })
})

test('idleness counts from the last message', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { routes } = test.databases.gateway
  await routes.point('key', { address: chatAt('chat'), sessionId: 'ses_1' })
  await clock.advance(500)
  await routes.touch('key')
  expect(await routes.find('key')).toMatchObject({ startedAt: 1_000, lastActivityAt: 1_500 })
})
