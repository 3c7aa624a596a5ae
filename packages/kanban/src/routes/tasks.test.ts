import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openTestRoutes, type TestRoutes } from '../testing/test-routes.ts'

checkForLeaks()

const numbersOf = ({ tasks }: { tasks: { number: number }[] }) => tasks.map(({ number }) => number)

test('a task is made with everything that is said of it, by whoever calls', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'first' })
  const { status, headers, body } = await t.call('POST', '/b/tasks', {
    title: 'second',
    body: 'words',
    assignee: 'ada',
    priority: 3,
    labels: ['x', 'y'],
    parents: [1],
    settings: { maxAttempts: 2, workspace: { kind: 'scratch' } },
    origin: { sessionId: 'ses_1' },
    subscribers: [{ target: { kind: 'session', sessionId: 'ses_1' }, mode: 'wake' }],
  })
  expect([status, headers.get('location'), body.created]).toEqual([201, '/api/boards/b/tasks/2', true])
  expect(body.task).toMatchObject({
    number: 2,
    state: 'todo',
    createdBy: 'key:test',
    labels: ['x', 'y'],
    parents: { open: 1 },
    settings: { maxAttempts: 2 },
    origin: { sessionId: 'ses_1' },
    waiting: { code: 'parents' },
  })
  expect((await t.ok('GET', '/b/subscriptions?task=2')).subscriptions).toHaveLength(1)
})

test('the same Idempotency-Key makes one task, however often and by how many it is sent at once', async () => {
  await using t = await openTestRoutes()
  const send = () => t.call('POST', '/b/tasks', { title: 'once' }, { headers: { 'idempotency-key': 'k1' } })
  const answers = await Promise.all(Array.from({ length: 20 }, send))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
  expect(new Set(answers.map(({ body }) => body.task.id)).size).toBe(1)
  expect((await t.ok('GET', '/b/tasks')).tasks).toHaveLength(1)
})

test('a task is found by its number, its id, or the beginning of it, and comes with all that belongs to it', async () => {
  await using t = await openTestRoutes()
  for (const title of ['parent', 'task', 'child']) await t.ok('POST', '/b/tasks', { title })
  await t.ok('POST', '/b/links', { parent: 1, child: 2 })
  await t.ok('POST', '/b/links', { parent: 2, child: 3, condition: 'always' })
  await t.ok('POST', '/b/tasks/2/comments', { body: 'a word' })
  await t.ok('POST', '/b/tasks/2/attachments?name=a.txt', 'bytes')
  const { task, ...others } = await t.ok('GET', '/b/tasks/2')
  expect(others).toMatchObject({
    parents: [{ number: 1, title: 'parent', condition: 'success', link: 'open' }],
    children: [{ number: 3, title: 'child', condition: 'always', link: 'open' }],
    comments: [{ body: 'a word', author: 'key:test' }],
    attachments: [{ name: 'a.txt', bytes: 5 }],
    runs: [],
    approvals: [],
  })
  expect(others.events.map(({ kind }: { kind: string }) => kind)).toContain('comment.added')
  for (const reference of ['%232', task.id, task.id.slice(0, 30)]) expect((await t.ok('GET', `/b/tasks/${reference}`)).task.number).toBe(2)
  expect(await t.refusal('GET', '/b/tasks/99')).toEqual([404, 'TASK_NOT_FOUND'])
  expect(await t.refusal('GET', '/b/tasks/task_nosuch')).toEqual([404, 'TASK_NOT_FOUND'])
})

test('what may be done to a task is what the table of transitions lets people do from its state', async () => {
  await using t = await openTestRoutes()
  const allowed = async () => (await t.ok('GET', '/b/tasks/1')).task.allowedActions
  await t.ok('POST', '/b/tasks', { title: 'x', isTriage: true })
  expect(await allowed()).toEqual(['specify', 'promote', 'schedule', 'archive'])
  await t.ok('POST', '/b/tasks/1/archive')
  expect(await allowed()).toEqual(['unarchive'])
})

test('fields are changed and cleared; what was changed since it was read is not written over', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'x', tenant: 'acme', dueAt: 5, settings: { model: 'm', maxAttempts: 2 } })
  const { headers } = await t.call('GET', '/b/tasks/1')
  const tag = { headers: { 'if-match': headers.get('etag')! } }
  const changed = await t.call('PATCH', '/b/tasks/1', { title: 'y', tenant: null, dueAt: null, settings: { model: null } }, tag)
  expect(changed.body.task).toMatchObject({ title: 'y', tenant: null, dueAt: null, settings: { maxAttempts: 2 } })
  expect(changed.headers.get('etag')).toBe(`"${changed.body.task.revision}"`)
  for (const [method, path, body] of [
    ['PATCH', '/b/tasks/1', { title: 'z' }],
    ['POST', '/b/tasks/1/archive', {}],
    ['DELETE', '/b/tasks/1', undefined],
  ] as const) {
    expect([path, ...(await t.refusal(method, path, body, tag))]).toEqual([path, 412, 'STALE_REVISION'])
  }
  expect(await t.refusal('PATCH', '/b/tasks/1', { title: 'z', revision: 1 })).toEqual([412, 'STALE_REVISION'])
  expect(await t.refusal('POST', '/b/tasks/1/block', { reason: 'r', revision: 1 })).toEqual([412, 'STALE_REVISION'])
  expect(await t.refusal('PATCH', '/b/tasks/1', { title: 'z' }, { headers: { 'if-match': '"abc"' } })).toEqual([400, 'INVALID', 'If-Match'])
  await t.ok('PATCH', '/b/tasks/1', { title: 'z' }, { headers: { 'if-match': '*' } })
})

test('a change of nothing, of a field that is none, or of a state is refused by name', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'x' })
  expect(await t.refusal('PATCH', '/b/tasks/1', {})).toEqual([400, 'INVALID', 'body'])
  expect(await t.refusal('PATCH', '/b/tasks/1', { state: 'done' })).toEqual([400, 'INVALID', 'state'])
  expect(await t.refusal('PATCH', '/b/tasks/1', { priority: 1.5 })).toEqual([400, 'INVALID', 'priority'])
  expect(await t.refusal('PATCH', '/b/tasks/1', { settings: { maxAttempts: 0 } })).toEqual([400, 'INVALID', 'settings.maxAttempts'])
  expect(await t.refusal('POST', '/b/tasks', { title: 'x', madeByRun: 'run_1' })).toEqual([400, 'INVALID', 'madeByRun'])
})

test('a deleted task is in no list and at no address until it is restored', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'x' })
  await t.ok('DELETE', '/b/tasks/1')
  expect((await t.ok('GET', '/b/tasks')).tasks).toEqual([])
  expect(numbersOf(await t.ok('GET', '/b/tasks?deleted=true'))).toEqual([1])
  expect(await t.refusal('GET', '/b/tasks/1')).toEqual([404, 'TASK_NOT_FOUND'])
  expect((await t.ok('GET', '/b/tasks/1?deleted=true')).task.deletedAt).toEqual(expect.any(Number))
  expect(await t.refusal('POST', '/b/tasks/1/comments', { body: 'x' })).toEqual([404, 'TASK_NOT_FOUND'])
  expect((await t.ok('POST', '/b/tasks/1/restore')).task.deletedAt).toBe(null)
  expect(numbersOf(await t.ok('GET', '/b/tasks'))).toEqual([1])
})

test('a list is narrowed by each filter', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'one %', assignee: 'ada', labels: ['x'], tenant: 'acme', dueAt: 10, origin: { sessionId: 's' } })
  await t.ok('POST', '/b/tasks', { title: 'two', isTriage: true })
  await t.ok('POST', '/b/tasks', { title: 'three' })
  await t.ok('POST', '/b/tasks/3/archive')
  for (const [query, numbers] of [
    ['assignee=ada', [1]],
    ['assignee=none', [2]],
    ['label=x', [1]],
    ['tenant=acme', [1]],
    ['text=%25', [1]],
    ['text=TW', [2]],
    ['session=s', [1]],
    ['dueBefore=11', [1]],
    ['dueBefore=10', []],
    ['states=triage,ready', [1, 2]],
    ['states=archived', [3]],
    ['archived=true', [1, 2, 3]],
    ['column=triage', [2]],
    ['assignee=ada&states=triage', []],
    ['sort=created-desc', [2, 1]],
    ['assignee=', [1, 2]],
  ] as const) {
    expect([query, numbersOf(await t.ok('GET', `/b/tasks?${query}`))]).toEqual([query, numbers])
  }
  for (const [query, param] of [
    ['colour=red', 'colour'],
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['sort=size', 'sort'],
    ['after=xyz', 'after'],
    ['column=nowhere', 'column'],
    ['dueBefore=soon', 'dueBefore'],
  ] as const) {
    expect([query, ...(await t.refusal('GET', `/b/tasks?${query}`))]).toEqual([query, 400, 'INVALID', param])
  }
})

test.for(['priority', 'created', 'created-desc', 'updated', 'title'])(
  'pages by %s hold every task once, whatever is made and removed between them',
  async (sort) => {
    await using t = await openTestRoutes()
    await make(t, 30)
    const seen: number[] = []
    let after = ''
    for (let page = 0; after !== 'end'; page += 1) {
      const { tasks, nextCursor } = await t.ok('GET', `/b/tasks?sort=${sort}&limit=7${after && `&after=${after}`}`)
      seen.push(...tasks.map(({ number }: { number: number }) => number))
      // What was shown goes, and others come before and after the place.
      await t.ok('DELETE', `/b/tasks/${tasks[0].number}`)
      if (page === 1) await make(t, 5)
      after = nextCursor ?? 'end'
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.filter((number) => number <= 30).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
  },
)

async function make(t: TestRoutes, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => t.ok('POST', '/b/tasks', { title: `task ${(index * 7) % count}`, priority: index % 3 })))
}
