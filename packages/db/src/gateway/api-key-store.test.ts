import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestDatabases } from '../testing/open-test-databases.ts'
import { rowsOf } from '../testing/rows-of.ts'
import type { NewApiKey } from './api-key-store.ts'

checkForLeaks()

const key = (id: string, changes: Partial<NewApiKey> = {}): NewApiKey => ({
  id,
  name: `name of ${id}`,
  hash: `hash of ${id}`,
  scopes: ['chat'],
  service: false,
  ...changes,
})

test('a key is found by its hash until it is revoked, by id or by name, once', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { apiKeys } = test.databases.gateway
  const created = await apiKeys.create(key('key_1', { scopes: ['chat', 'admin'], service: true }))
  expect(created).toEqual({ id: 'key_1', name: 'name of key_1', scopes: ['chat', 'admin'], service: true, createdAt: 1_000, lastUsedAt: null, revokedAt: null })
  expect(await apiKeys.findByHash('hash of key_1')).toEqual(created)
  expect(await apiKeys.findByHash('key_1')).toBeUndefined()
  await apiKeys.create(key('key_2'))
  expect(await apiKeys.revoke('key_1')).toBe(true)
  expect(await apiKeys.revoke('key_1')).toBe(false)
  expect(await apiKeys.revoke('name of key_2')).toBe(true)
  expect(await apiKeys.findByHash('hash of key_1')).toBeUndefined()
  expect((await apiKeys.list()).map(({ id, revokedAt }) => [id, revokedAt])).toEqual([
    ['key_1', 1_000],
    ['key_2', 1_000],
  ])
})

test('a name is one key at a time', async () => {
  await using test = openTestDatabases()
  const { apiKeys } = test.databases.gateway
  const both = await Promise.all([apiKeys.create(key('key_1', { name: 'n' })), apiKeys.create(key('key_2', { name: 'n' }))])
  expect(both.map((created) => created?.id)).toEqual(['key_1', undefined])
  await apiKeys.revoke('n')
  expect(await apiKeys.create(key('key_3', { name: 'n' }))).toMatchObject({ id: 'key_3' })
})

test('the last use of a key is written once a minute at most, so that reading does not mean writing', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { apiKeys } = test.databases.gateway
  await apiKeys.create(key('key_1'))
  const use = async () => apiKeys.touch((await apiKeys.findByHash('hash of key_1'))!)
  const { writes } = test.databases.stats()
  await use()
  await clock.advance(59_999)
  for (let i = 0; i < 20; i++) await use()
  expect(test.databases.stats().writes - writes).toBe(1)
  await clock.advance(1)
  await use()
  expect(await apiKeys.list()).toMatchObject([{ lastUsedAt: 61_000 }])
})

test('scopes that mean nothing are BAD_ROW, not a key without limits', async () => {
  await using test = openTestDatabases()
  const { apiKeys } = test.databases.gateway
  await expect(apiKeys.create(key('key_1', { scopes: ['everything' as 'admin'] }))).rejects.toMatchObject({ code: 'BAD_ROW' })
  expect(rowsOf(test.file, 'select id from api_key')).toEqual([])
})
