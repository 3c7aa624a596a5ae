import { gunzipSync } from 'node:zlib'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openTestRoutes } from '../testing/test-routes.ts'

checkForLeaks()

test('a board is its columns with counts and first cards, and the event after which a stream goes on', async () => {
  await using t = await openTestRoutes()
  for (let index = 0; index < 5; index += 1) await t.ok('POST', '/b/tasks', { title: `task ${index}`, labels: index === 0 ? ['x'] : [] })
  const { columns, seq } = await t.ok('GET', '/b/board?limit=2')
  expect(columns.map(({ key, count }: { key: string; count: number }) => [key, count])).toEqual([
    ['triage', 0],
    ['todo', 0],
    ['scheduled', 0],
    ['ready', 5],
    ['running', 0],
    ['blocked', 0],
    ['review', 0],
    ['done', 0],
  ])
  expect(seq).toBe(6)
  const ready = columns[3]
  expect(ready.tasks.map(({ number }: { number: number }) => number)).toEqual([1, 2])
  const next = await t.ok('GET', `/b/tasks?column=ready&after=${ready.nextCursor}`)
  expect(next.tasks.map(({ number }: { number: number }) => number)).toEqual([3, 4, 5])
  expect(Object.keys(ready.tasks[1]).toSorted(), 'what is nothing is left out').toEqual([
    'createdAt',
    'createdBy',
    'id',
    'number',
    'revision',
    'state',
    'title',
    'updatedAt',
    'waiting',
  ])
})

test('who has seen a board as it is gets 304, and the whole of it once anything on it has changed', async () => {
  await using t = await openTestRoutes()
  let tag = ''
  const look = async () => {
    const { status, headers, body } = await t.call('GET', '/b/board', undefined, { headers: { 'if-none-match': tag } })
    tag = headers.get('etag')!
    return [status, body === '' ? undefined : body.columns[3].count]
  }
  expect(await look()).toEqual([200, 0])
  expect(await look()).toEqual([304, undefined])
  await t.ok('POST', '/b/tasks', { title: 'x' })
  expect(await look()).toEqual([200, 1])
  expect(await look()).toEqual([304, undefined])
  await t.storesOf('b').claims.setWaiting([{ number: 1, code: 'host_cap', detail: '4 of 4' }])
  expect(await look(), 'also what is on no log').toEqual([200, 1])
  await t.ok('DELETE', '/b/tasks/1')
  expect(await look()).toEqual([200, 0])
})

test('ten who look at once see the same board, and a filter that leaves out nothing shows it too', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'x' })
  const [first, ...others] = await Promise.all(Array.from({ length: 10 }, () => t.call('GET', '/b/board')))
  for (const { body } of others) expect(body).toEqual(first!.body)
  const { headers } = await t.call('GET', '/b/board?text=x')
  expect(headers.get('etag')).toBe(first!.headers.get('etag'))
  expect((await t.call('GET', '/b/board?text=y')).headers.get('etag')).not.toBe(first!.headers.get('etag'))
})

test('who can is sent it compressed, and it is the same board', async () => {
  await using t = await openTestRoutes()
  for (let index = 0; index < 20; index += 1) await t.ok('POST', '/b/tasks', { title: `task ${index}`, assignee: 'ada', labels: ['x'] })
  const plain = await t.call('GET', '/b/board')
  const response = await t.app.request('/api/boards/b/board', { headers: { 'accept-encoding': 'br, gzip' } })
  const bytes = await response.bytes()
  expect([response.headers.get('content-encoding'), response.headers.get('vary')]).toEqual(['gzip', 'Accept-Encoding'])
  expect(JSON.parse(gunzipSync(bytes).toString())).toEqual(plain.body)
  expect(bytes.length).toBeLessThan(JSON.stringify(plain.body).length / 5)
  expect(response.headers.get('etag')).toBe(plain.headers.get('etag'))
})

test('a board with columns of its own has those, and its archive when asked for', async () => {
  await using t = await openTestRoutes()
  const columns = [
    { key: 'next', name: 'Next', state: 'ready' },
    { key: 'urgent', name: 'Urgent', state: 'ready', wipLimit: 2 },
  ]
  await t.ok('PATCH', '/b', { settings: { columns } })
  await t.ok('POST', '/b/tasks', { title: 'x', columnKey: 'urgent' })
  await t.ok('POST', '/b/tasks', { title: 'y' })
  await t.ok('POST', '/b/tasks/2/archive')
  const view = await t.ok('GET', '/b/board?archived=true')
  expect(view.columns).toMatchObject([
    { key: 'next', count: 0 },
    { key: 'urgent', wipLimit: 2, count: 1 },
    { key: 'archived', count: 1 },
  ])
  expect(await t.refusal('GET', '/b/board?states=ready')).toEqual([400, 'INVALID', 'states'])
})
