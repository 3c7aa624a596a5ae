import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openTestRoutes } from '../testing/test-routes.ts'

checkForLeaks()

test('a board is made once, found, changed, put away, fetched back and deleted', async () => {
  await using t = await openTestRoutes({ slugs: [] })
  const made = await t.call('POST', '', { slug: 'release-train', settings: { maxRunning: 3, columns: [{ key: 'ready', name: 'Next', state: 'ready' }] } })
  expect([made.status, made.body.created, made.body.board.name]).toEqual([201, true, 'Release Train'])
  const again = await t.call('POST', '', { slug: 'release-train', name: 'Other' })
  expect([again.status, again.body.created, again.body.board.name]).toEqual([200, false, 'Release Train'])
  const changed = await t.ok('PATCH', '/release-train', { name: 'Trains', colour: null, settings: { maxRunning: null, weight: 2 } })
  expect([changed.board.name, changed.board.settings]).toEqual(['Trains', { weight: 2, columns: [{ key: 'ready', name: 'Next', state: 'ready' }] }])
  expect((await t.ok('GET', '')).boards.map(({ slug }: { slug: string }) => slug)).toEqual(['release-train'])
  await t.ok('POST', '/release-train/archive')
  expect((await t.ok('GET', '')).boards).toEqual([])
  expect((await t.ok('GET', '?archived=true')).boards).toHaveLength(1)
  await t.ok('POST', '/release-train/restore')
  await t.ok('DELETE', '/release-train')
  expect(await t.refusal('GET', '/release-train')).toEqual([404, 'BOARD_NOT_FOUND'])
  expect((await t.ok('GET', '?archived=true')).boards).toEqual([])
})

test('what was changed since it was read is not written over', async () => {
  await using t = await openTestRoutes()
  const { headers } = await t.call('GET', '/b')
  await t.ok('PATCH', '/b', { name: 'mine' }, { headers: { 'if-match': headers.get('etag')! } })
  expect(await t.refusal('PATCH', '/b', { name: 'theirs' }, { headers: { 'if-match': headers.get('etag')! } })).toEqual([412, 'STALE_REVISION'])
  expect(await t.refusal('PATCH', '/b', { name: 'theirs', revision: 1 })).toEqual([412, 'STALE_REVISION'])
  expect((await t.ok('GET', '/b')).board.name).toBe('mine')
})

test('an archived board can be read, and nothing on it changes until it is restored', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'before' })
  await t.ok('POST', '/b/archive')
  expect((await t.ok('GET', '/b/tasks')).tasks).toHaveLength(1)
  for (const [method, path, body] of [
    ['POST', '/b/tasks', { title: 'after' }],
    ['PATCH', '/b/tasks/1', { title: 'after' }],
    ['POST', '/b/tasks/1/archive', {}],
    ['POST', '/b/tasks/1/restore', {}],
    ['PATCH', '/b', { name: 'after' }],
    ['DELETE', '/b/tasks/1', undefined],
  ] as const) {
    expect([path, ...(await t.refusal(method, path, body))]).toEqual([path, 409, 'BOARD_ARCHIVED'])
  }
  await t.ok('POST', '/b/restore')
  await t.ok('POST', '/b/tasks', { title: 'after' })
})

test('a paused board says so with its reason, until it is resumed', async () => {
  await using t = await openTestRoutes()
  expect((await t.ok('POST', '/b/pause', { reason: 'holidays' })).board.pausedReason).toBe('holidays')
  expect((await t.ok('POST', '/b/resume')).board).toMatchObject({ pausedAt: null, pausedReason: null })
})

test('a board that is not there, or not a name of one, is not found, and is not made by asking', async () => {
  await using t = await openTestRoutes()
  for (const slug of ['other', 'B', '%2e%2e%2fb', 'b.db', 'a'.repeat(100), '%00']) {
    const [status, code] = await t.refusal('GET', `/${slug}/tasks`)
    expect([slug, status, code]).toEqual([slug, 404, 'BOARD_NOT_FOUND'])
  }
  expect(t.databases.boards.slugs()).toEqual(['b'])
})

test('a slug that is none, settings that are none and columns that share a key are refused by name', async () => {
  await using t = await openTestRoutes()
  const column = { key: 'a', name: 'A', state: 'ready' }
  expect(await t.refusal('POST', '', { slug: '../b' })).toEqual([400, 'INVALID', 'slug'])
  expect(await t.refusal('POST', '', {})).toEqual([400, 'INVALID', 'slug'])
  expect(await t.refusal('POST', '', { slug: 'c', colr: 'red' })).toEqual([400, 'INVALID', 'colr'])
  expect(await t.refusal('PATCH', '/b', { settings: { maxRunning: 0 } })).toEqual([400, 'INVALID', 'settings.maxRunning'])
  expect(await t.refusal('PATCH', '/b', { settings: { maxRuning: 1 } })).toEqual([400, 'INVALID', 'settings.maxRuning'])
  expect(await t.refusal('PATCH', '/b', { settings: { columns: [column, column] } })).toEqual([400, 'INVALID', 'settings.columns'])
})

test('who may only read changes nothing, and boards are changed by admins', async () => {
  await using t = await openTestRoutes()
  const reader = { scopes: ['read'] } as const
  const writer = { scopes: ['read', 'write'] } as const
  await t.ok('GET', '/b/board', undefined, reader)
  expect(await t.refusal('POST', '/b/tasks', { title: 'x' }, reader)).toEqual([403, 'FORBIDDEN'])
  await t.ok('POST', '/b/tasks', { title: 'x' }, writer)
  for (const [method, path] of [
    ['POST', ''],
    ['PATCH', '/b'],
    ['DELETE', '/b'],
    ['POST', '/b/archive'],
    ['POST', '/b/restore'],
    ['POST', '/api/dispatcher/pause'],
    ['POST', '/api/dispatcher/resume'],
  ] as const) {
    expect([path, ...(await t.refusal(method, path, {}, writer))]).toEqual([path, 403, 'FORBIDDEN'])
  }
  expect(await t.refusal('GET', '/b', undefined, { headers: { 'x-test-scopes': 'nobody' } })).toEqual([401, 'UNAUTHORIZED'])
  expect(await t.refusal('GET', '/nowhere', undefined, { headers: { 'x-test-scopes': 'nobody' } })).toEqual([401, 'UNAUTHORIZED'])
})

test('the dispatcher is woken, paused and asked how it is', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/api/dispatcher/wake')
  expect(t.asked).toEqual(['wake'])
  expect((await t.ok('POST', '/api/dispatcher/pause')).dispatcher.isPaused).toBe(true)
  expect((await t.ok('GET', '/api/dispatcher')).dispatcher).toMatchObject({ isPaused: true, maxRunning: 4 })
  expect((await t.ok('POST', '/api/dispatcher/resume')).dispatcher.isPaused).toBe(false)
})

test('stats count tasks by state', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'x', assignee: 'ada' })
  await t.ok('POST', '/b/tasks', { title: 'y', isTriage: true })
  expect((await t.ok('GET', '/b/stats')).stats.byState).toEqual({ ready: 1, triage: 1 })
})
