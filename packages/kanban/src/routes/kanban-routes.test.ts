import { writeFileSync } from 'node:fs'
import { createLog } from '@talaria/core'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openTestRoutes } from '../testing/test-routes.ts'

checkForLeaks()

const WORDS = 'שלום עולם — مرحبا بالعالم'
const EMOJI = '👩‍👩‍👧‍👦 🏳️‍🌈 ✅'

/** Requests that people and programs send sooner or later, and what each is answered with. Task 1 is there. */
const ATYPICAL: readonly (readonly [what: string, method: string, path: string, body: unknown, answer: readonly unknown[]])[] = [
  ['no body', 'POST', '/b/tasks', undefined, [400, 'INVALID', 'title']],
  ['an empty body', 'POST', '/b/tasks', '', [400, 'INVALID', 'title']],
  ['no JSON', 'POST', '/b/tasks', 'hello', [400, 'INVALID_JSON']],
  ['an array', 'POST', '/b/tasks', '[]', [400, 'INVALID_JSON']],
  ['bytes that are no text', 'POST', '/b/tasks', new Uint8Array([0x7b, 0xff]), [400, 'INVALID_JSON']],
  ['half a surrogate pair', 'POST', '/b/tasks', '{"title":"\\ud83d"}', [400, 'INVALID_JSON']],
  ['a depth that nobody needs', 'POST', '/b/tasks', `{"title":"x","settings":${'['.repeat(500)}${']'.repeat(500)}}`, [400, 'INVALID_JSON']],
  ['more than ten megabytes', 'POST', '/b/tasks', { title: 'x', body: 'x'.repeat(10_000_000) }, [413, 'BODY_TOO_LARGE']],
  ['an empty title', 'POST', '/b/tasks', { title: '' }, [400, 'INVALID', 'title']],
  ['a title of spaces', 'POST', '/b/tasks', { title: ' \t\n\u00a0' }, [400, 'INVALID', 'title']],
  ['a title of control characters', 'POST', '/b/tasks', { title: '\u0000\u0001\u001b' }, [400, 'INVALID', 'title']],
  ['a title that is too long', 'POST', '/b/tasks', { title: 'x'.repeat(501) }, [400, 'INVALID', 'title']],
  ['a title that is a number', 'POST', '/b/tasks', { title: 7 }, [400, 'INVALID', 'title']],
  ['a body of more than a million characters', 'POST', '/b/tasks', { title: 'x', body: 'x'.repeat(1_000_001) }, [400, 'INVALID', 'body']],
  ['an assignee on two lines', 'POST', '/b/tasks', { title: 'x', assignee: 'a\nb' }, [400, 'INVALID', 'assignee']],
  ['a priority beyond counting', 'POST', '/b/tasks', { title: 'x', priority: 1e300 }, [400, 'INVALID', 'priority']],
  ['a time in seconds of the year 9999', 'POST', '/b/tasks', { title: 'x', dueAt: 253_402_300_799_000 }, [400, 'INVALID', 'dueAt']],
  ['too many labels', 'POST', '/b/tasks', { title: 'x', labels: Array.from({ length: 51 }, (_, n) => `l${n}`) }, [400, 'INVALID', 'labels']],
  ['a parent that is not there', 'POST', '/b/tasks', { title: 'x', parents: [99] }, [404, 'TASK_NOT_FOUND']],
  ['a parent of another board', 'POST', '/b/tasks', { title: 'x', parents: ['c/1'] }, [404, 'TASK_NOT_FOUND']],
  ['a task that waits for itself', 'POST', '/b/links', { parent: 1, child: 1 }, [409, 'SELF_LINK']],
  ['__proto__ as a field', 'POST', '/b/tasks', '{"title":"x","__proto__":{"state":"done"}}', [400, 'INVALID', '__proto__']],
  ['SQL in a reference', 'GET', "/b/tasks/1'%20or%20'1'='1", undefined, [404, 'TASK_NOT_FOUND']],
  ['a number beyond counting', 'GET', '/b/tasks/999999999999999999999', undefined, [404, 'TASK_NOT_FOUND']],
  ['a path in a reference', 'GET', '/b/tasks/..%2f..%2fetc%2fpasswd', undefined, [404, 'TASK_NOT_FOUND']],
  ['an encoding that is none', 'GET', '/b/tasks/%E0%A4%A', undefined, [404, 'TASK_NOT_FOUND']],
  ['a comment of nothing', 'POST', '/b/tasks/1/comments', { body: ' ' }, [400, 'INVALID', 'body']],
  ['a comment that is too long', 'POST', '/b/tasks/1/comments', { body: 'x'.repeat(100_001) }, [400, 'INVALID', 'body']],
  ['an Idempotency-Key that is too long', 'POST', '/b/tasks', { title: 'x', idempotencyKey: 'k'.repeat(201) }, [400, 'INVALID', 'idempotencyKey']],
  ['a method that is none', 'PUT', '/b/tasks/1', {}, [404, 'NOT_FOUND']],
]

test('requests that nobody means are refused for what they are, and change nothing', async () => {
  await using t = await openTestRoutes({ slugs: ['b', 'c'] })
  await t.ok('POST', '/b/tasks', { title: 'there' })
  const before = await t.ok('GET', '/b/events')
  for (const [what, method, path, body, answer] of ATYPICAL) expect([what, ...(await t.refusal(method, path, body))]).toEqual([what, ...answer])
  expect(await t.ok('GET', '/b/events')).toEqual(before)
})

test('emoji, right-to-left words, control characters and a million characters come back as they went in', async () => {
  await using t = await openTestRoutes()
  const body = `${WORDS}\u0007\r\n${EMOJI}${'x'.repeat(1_000_000 - 100)}`
  await t.ok('POST', '/b/tasks', { title: `${EMOJI} ${WORDS}`, body, labels: [EMOJI, 'שלום'], assignee: 'مرحبا', tenant: '名前' })
  const { task } = await t.ok('GET', '/b/tasks/1')
  expect([task.title, task.body === body, task.labels.toSorted(), task.assignee, task.tenant]).toEqual([
    `${EMOJI} ${WORDS}`,
    true,
    ['שלום', EMOJI].toSorted(),
    'مرحبا',
    '名前',
  ])
  expect((await t.ok('GET', `/b/tasks?label=${encodeURIComponent(EMOJI)}&text=${encodeURIComponent('עולם')}`)).tasks).toHaveLength(1)
  expect(JSON.stringify(await t.ok('GET', '/b/board')).length, 'bodies are no part of a board').toBeLessThan(5_000)
})

test('what fails without a code is a 500 that names the line of the log, and tells nothing else', async () => {
  const lines: string[] = []
  const log = createLog('kanban', { destination: { write: (line) => void lines.push(line) } })
  await using t = await openTestRoutes({ log })
  const { status, body } = await t.call('GET', '', undefined, { headers: { 'x-test-scopes': 'broken' } })
  expect([status, body.error.code]).toEqual([500, 'INTERNAL'])
  const id = /err_[0-9a-f]+/.exec(body.error.message)![0]
  expect(JSON.stringify(body)).not.toContain('secret of ours')
  expect(lines.join()).toContain(id)
})

test('a board whose file is damaged is listed as such and refused, and the others go on', async () => {
  await using t = await openTestRoutes({ slugs: ['b'] })
  writeFileSync(`${t.home}/boards/ill.db`, 'this is no database, and never was one: '.repeat(200))
  const { boards } = await t.ok('GET', '')
  expect(boards).toMatchObject([{ slug: 'b' }, { slug: 'ill', damage: { code: 'CORRUPT' } }])
  const { status, headers, body } = await t.call('GET', '/ill/board')
  expect([status, headers.get('retry-after'), body.error.code]).toEqual([503, '5', 'STORAGE_UNAVAILABLE'])
  await t.ok('POST', '/b/tasks', { title: 'x' })
})

test('the OpenAPI document lists every route there is, and no other, with what it takes', async () => {
  await using t = await openTestRoutes()
  const { paths, openapi } = await t.ok('GET', '/openapi.json')
  expect(openapi).toBe('3.1.0')
  const listed = Object.entries<object>(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`))
  const there = t.app.routes
    .filter(({ method, path }) => method !== 'ALL' && !path.endsWith('openapi.json'))
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  expect(listed.toSorted()).toEqual([...new Set(there)].toSorted())
  const block = paths['/api/boards/{board}/tasks/{task}/block'].post
  expect([block.summary, Object.keys(block.requestBody.content['application/json'].schema.properties)]).toEqual([
    'Have a task stand still until somebody acts',
    ['reason', 'kind', 'revision'],
  ])
  expect(paths['/api/boards/{board}/tasks'].get.parameters.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['after', 'sort', 'label']),
  )
})

test('nothing is kept by anybody on the way, but what may be asked for again', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'x' })
  const caching = async (path: string) => (await t.call('GET', path)).headers.get('cache-control')
  expect(await Promise.all(['/b/tasks/1', '/b/tasks', '/b/tasks/9', '/b/board'].map(caching))).toEqual([
    'no-store',
    'no-store',
    'no-store',
    'private, no-cache',
  ])
})
