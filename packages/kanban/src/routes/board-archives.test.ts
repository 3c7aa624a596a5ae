import { expect, test } from 'vitest'
import { openTestRoutes } from '../testing/test-routes.ts'

test('a board goes out as an archive and comes back as another board', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'Carry me' })
  const answer = await t.app.request('/api/boards/b/export')
  expect(answer.headers.get('content-disposition')).toContain('b.talaria-board.tar.gz')
  const archive = new Uint8Array(await answer.arrayBuffer())
  const { board } = await t.ok('POST', '/import?slug=copy', archive)
  expect(board.slug).toBe('copy')
  expect((await t.ok('GET', '/copy/tasks')).tasks).toMatchObject([{ title: 'Carry me' }])
})

test('what is no archive is refused, and so is who may only write', async () => {
  await using t = await openTestRoutes()
  expect(await t.refusal('POST', '/import', new TextEncoder().encode('no archive'))).toEqual([400, 'INVALID', 'archive'])
  for (const [method, path] of [
    ['GET', '/b/export'],
    ['POST', '/import'],
  ] as const) {
    const { status } = await t.call(method, path, undefined, { scopes: ['read', 'write'] })
    expect([path, status]).toEqual([path, 403])
  }
})
