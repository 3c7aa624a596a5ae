import { mkdirSync, writeFileSync } from 'node:fs'
import type { Claimed } from '@talaria/db'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { openTestRoutes, type TestRoutes } from '../testing/test-routes.ts'

checkForLeaks()

const titlesOf = (nodes: { title: string }[]) => nodes.map(({ title }) => title)

test('comments come in order, page by page, from whoever calls', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'x' })
  for (const body of ['one', 'two', 'three']) await t.ok('POST', '/b/tasks/1/comments', { body })
  const first = await t.ok('GET', '/b/tasks/1/comments?limit=2')
  const second = await t.ok('GET', `/b/tasks/1/comments?limit=2&after=${first.nextCursor}`)
  expect([...first.comments, ...second.comments].map(({ body }: { body: string }) => body)).toEqual(['one', 'two', 'three'])
  expect(second.nextCursor).toBe(null)
  expect(await t.refusal('POST', '/b/tasks/1/comments', { body: 'x', author: 'somebody else' })).toEqual([400, 'INVALID', 'author'])
})

test('tasks wait for each other, never for themselves, and never for a task of another board', async () => {
  await using t = await openTestRoutes({ slugs: ['b', 'c'] })
  for (const title of ['a', 'b', 'c']) await t.ok('POST', '/b/tasks', { title })
  const { task: foreign } = await t.ok('POST', '/c/tasks', { title: 'foreign' })
  expect((await t.ok('POST', '/b/links', { parent: 1, child: 2 })).link).toEqual({ parentNumber: 1, childNumber: 2, condition: 'success', state: 'open' })
  await t.ok('POST', '/b/links', { parent: '#2', child: '3', condition: 'failure' })
  const link = async (parent: unknown, child: unknown) => t.refusal('POST', '/b/links', { parent, child })
  expect(await link(1, 1)).toEqual([409, 'SELF_LINK'])
  expect(await link(1, 2)).toEqual([409, 'DUPLICATE_LINK'])
  expect(await link(1, foreign.id)).toEqual([404, 'TASK_NOT_FOUND'])
  expect(await link(foreign.id, 1)).toEqual([404, 'TASK_NOT_FOUND'])
  const { status, body } = await t.call('POST', '/b/links', { parent: 3, child: 1 })
  expect([status, body.error.code, body.error.details.cycle]).toEqual([409, 'CYCLE', [1, 2, 3, 1]])
  await t.ok('DELETE', '/b/links?parent=1&child=2')
  expect(await t.refusal('DELETE', '/b/links?parent=1&child=2')).toEqual([404, 'NOT_FOUND'])
  expect((await t.ok('GET', '/b/tasks/2')).task.state).toBe('ready')
})

test('a graph holds what is linked, or what hangs together with one task, without what was deleted', async () => {
  await using t = await openTestRoutes()
  for (const title of ['a', 'b', 'c', 'd', 'e', 'alone']) await t.ok('POST', '/b/tasks', { title })
  for (const [parent, child] of [
    [1, 2],
    [3, 2],
    [4, 5],
  ])
    await t.ok('POST', '/b/links', { parent, child })
  const whole = await t.ok('GET', '/b/graph')
  expect([titlesOf(whole.nodes), whole.links.length, whole.isTruncated]).toEqual([['a', 'b', 'c', 'd', 'e'], 3, false])
  expect(titlesOf((await t.ok('GET', '/b/graph?task=1')).nodes)).toEqual(['a', 'b', 'c'])
  expect(await t.ok('GET', '/b/graph?task=6')).toMatchObject({ nodes: [{ title: 'alone' }], links: [] })
  await t.ok('DELETE', '/b/tasks/2')
  expect(titlesOf((await t.ok('GET', '/b/graph?task=1')).nodes)).toEqual(['a', 'c'])
})

test('files come as a form or as they are, and go out so that no browser runs them', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'x' })
  const form = new FormData()
  form.append('file', new File(['<script>'], '../../évil "näme".html', { type: 'text/html' }))
  form.append('other', new File(['two'], 'plan.md'))
  const { attachments } = await t.ok('POST', '/b/tasks/1/attachments', form)
  expect(attachments).toMatchObject([{ name: 'évil "näme".html', mediaType: 'text/html', uploadedBy: 'key:test' }, { name: 'plan.md' }])
  const raw = await t.ok('POST', '/b/tasks/1/attachments?name=plan.md', new Uint8Array([0, 255, 10]), { headers: { 'content-type': 'image/png' } })
  expect(raw.attachments).toMatchObject([{ name: 'plan (1).md', mediaType: 'image/png', bytes: 3 }])
  const path = `/b/attachments/${attachments[0].id}`
  const { body, headers } = await t.call('GET', path)
  expect(body).toBe('<script>')
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'text/html',
    'content-disposition': `attachment; filename="_vil _n_me_.html"; filename*=UTF-8''%C3%A9vil%20%22n%C3%A4me%22.html`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
  })
  expect((await t.call('GET', path, undefined, { headers: { 'if-none-match': headers.get('etag')! } })).status).toBe(304)
  const bytes = await (await t.app.request(`/api/boards/b/attachments/${raw.attachments[0].id}`)).arrayBuffer()
  expect([...new Uint8Array(bytes)]).toEqual([0, 255, 10])
  await t.ok('DELETE', path)
  expect(await t.refusal('GET', path)).toEqual([404, 'NOT_FOUND'])
  expect((await t.ok('GET', '/b/tasks/1/attachments')).attachments).toHaveLength(2)
})

test('files without a name, forms without files, files that are too large and files of deleted tasks are refused', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'x' })
  const path = '/b/tasks/1/attachments'
  expect(await t.refusal('POST', path, 'x')).toEqual([400, 'INVALID', 'name'])
  const form = new FormData()
  form.append('file', 'text')
  expect(await t.refusal('POST', path, form)).toEqual([400, 'INVALID', 'file'])
  expect(await t.refusal('POST', path, 'no form', { headers: { 'content-type': 'multipart/form-data; boundary=x' } })).toEqual([400, 'INVALID', 'body'])
  expect(await t.refusal('POST', `${path}?name=a`, 'x', { headers: { 'content-length': String(26 * 1024 * 1024) } })).toEqual([413, 'BODY_TOO_LARGE'])
  expect(await t.refusal('POST', `${path}?name=a`, new Uint8Array(25 * 1024 * 1024 + 1))).toEqual([413, 'BODY_TOO_LARGE'])
  const { attachments } = await t.ok('POST', `${path}?name=a`, 'x')
  await t.ok('DELETE', '/b/tasks/1')
  expect(await t.refusal('GET', `/b/attachments/${attachments[0].id}`)).toEqual([404, 'NOT_FOUND'])
  for (const id of ['..%2F..%2Fb.db', 'att_1', '%00']) expect(await t.refusal('GET', `/b/attachments/${id}`)).toEqual([404, 'NOT_FOUND'])
})

test('an attempt is shown with its transcript, page by page, and the end of its log without secrets', async () => {
  await using t = await openTestRoutes()
  const { claim, run } = await claimed(t)
  expect((await t.ok('GET', '/b/runs')).runs).toMatchObject([{ id: run.id, outcome: null }])
  expect((await t.ok('GET', '/b/tasks/1/runs')).runs).toMatchObject([{ id: run.id }])
  await t.storesOf('b').transcripts.append(
    claim,
    Array.from({ length: 5 }, (_, seq) => ({ seq, kind: 'text', body: `line ${seq}` })),
  )
  const first = await t.ok('GET', `/b/runs/${run.id}/transcript?limit=3`)
  expect([first.entries.length, first.nextAfter, first.hasMore, first.isOver]).toEqual([3, 2, true, false])
  expect(await t.ok('GET', `/b/runs/${run.id}/transcript?after=2`)).toMatchObject({ entries: [{ seq: 3 }, { seq: 4, body: 'line 4' }], hasMore: false })
  expect(await t.ok('GET', `/b/runs/${run.id}/log`)).toEqual({ exists: false, bytes: 0, text: '', isTruncated: false })
  mkdirSync(`${t.home}/logs/b`, { recursive: true })
  writeFileSync(`${t.home}/logs/b/${run.id}.log`, 'é'.repeat(100) + '\nOPENAI_API_KEY=sk-abcdefghijklmnop\nlast\n')
  const tail = await t.ok('GET', `/b/runs/${run.id}/log?tail=44`)
  expect([tail.text, tail.isTruncated]).toEqual(['OPENAI_API_KEY=[redacted]\nlast\n', true])
  for (const path of ['', '/transcript', '/log']) expect(await t.refusal('GET', `/b/runs/run_1${path}`)).toEqual([404, 'RUN_NOT_FOUND'])
  expect(await t.refusal('GET', '/b/runs/..%2F..%2Fx/log')).toEqual([404, 'RUN_NOT_FOUND'])
})

test('a worker is told something, to pause, to go on and to stop; one that is gone hears nothing', async () => {
  await using t = await openTestRoutes()
  const { claim, run } = await claimed(t)
  expect((await t.ok('POST', `/b/runs/${run.id}/steer`, { text: 'look left' })).steering).toMatchObject({ author: 'key:test', body: 'look left' })
  expect((await t.ok('POST', `/b/runs/${run.id}/pause`)).run.wish).toBe('pause')
  expect((await t.ok('POST', `/b/runs/${run.id}/resume`)).run.wish).toBe('resume')
  expect((await t.ok('POST', `/b/runs/${run.id}/stop`, { reason: 'too dear' })).run).toMatchObject({ wish: 'stop', wishReason: 'too dear' })
  expect(await t.refusal('POST', `/b/runs/${run.id}/resume`)).toEqual([409, 'CLAIM_LOST'])
  await t.storesOf('b').claims.release(claim, 'enough')
  expect(await t.refusal('POST', `/b/runs/${run.id}/steer`, { text: 'x' })).toEqual([409, 'CLAIM_LOST'])
  expect(await t.refusal('POST', `/b/runs/${run.id}/steer`, { text: '' })).toEqual([400, 'INVALID', 'text'])
  expect(await t.refusal('POST', '/b/runs/run_1/stop')).toEqual([404, 'RUN_NOT_FOUND'])
})

test('an approval is listed, answered once, and void when the task has changed', async () => {
  await using t = await openTestRoutes()
  const ask = async () => {
    await t.ok('POST', '/b/tasks', { title: 'x' })
    const { task } = await t.ok('GET', '/b/tasks/1')
    return t.storesOf('b').approvals.ask({ taskNumber: 1, taskRevision: task.revision, gate: { kind: 'person' }, askedBy: 'worker:1' })
  }
  const first = await ask()
  expect((await t.ok('GET', '/b/approvals?waiting=true&task=1')).approvals).toMatchObject([{ id: first.id, state: 'waiting' }])
  await t.ok('PATCH', '/b/tasks/1', { title: 'y' })
  expect(await t.refusal('POST', `/b/approvals/${first.id}`, { approved: true })).toEqual([409, 'APPROVAL_VOID'])
  expect(await t.refusal('POST', `/b/approvals/${first.id}`, { approved: 'yes' })).toEqual([400, 'INVALID', 'approved'])
  expect(await t.refusal('POST', '/b/approvals/apr_1', { approved: true })).toEqual([404, 'NOT_FOUND'])
})

test('who is told is listed without what signs it, may be told again, and is told no more', async () => {
  await using t = await openTestRoutes()
  await t.ok('POST', '/b/tasks', { title: 'x' })
  const target = { kind: 'webhook', url: 'https://example.org/hook', secret: 'a secret of twenty letters' }
  const { subscription } = await t.ok('POST', '/b/subscriptions', { task: 1, target, kinds: ['task.completed'] })
  expect(subscription.target).toEqual({ kind: 'webhook', url: 'https://example.org/hook', isSigned: true })
  await t.ok('POST', '/b/subscriptions', { target: { kind: 'chat', platform: 'telegram', chatId: '4' } })
  expect(JSON.stringify(await t.ok('GET', '/b/subscriptions'))).not.toContain('twenty letters')
  expect((await t.ok('GET', '/b/subscriptions?task=1')).subscriptions).toHaveLength(1)
  expect((await t.ok('GET', '/b/subscriptions?task=board')).subscriptions).toMatchObject([{ target: { account: 'default', threadId: '' } }])
  expect(await t.refusal('POST', `/b/subscriptions/${subscription.id}/resume`)).toEqual([404, 'NOT_FOUND'])
  await t.storesOf('b').subscriptions.failed(subscription.id, { error: 'gone' })
  await t.ok('POST', `/b/subscriptions/${subscription.id}/resume`)
  await t.ok('DELETE', `/b/subscriptions/${subscription.id}`)
  expect(await t.refusal('DELETE', `/b/subscriptions/${subscription.id}`)).toEqual([404, 'NOT_FOUND'])
  for (const [wrong, param] of [
    [{ target: { kind: 'webhook', url: 'no url' } }, 'target.url'],
    [{ target: { kind: 'webhook', url: 'file:///etc/passwd' } }, 'target.url'],
    [{ target: { kind: 'chat', platform: 'telegram' } }, 'target.chatId'],
    [{ target: { kind: 'pigeon' } }, 'target.kind'],
    [{ target: { kind: 'session', sessionId: 's' }, kinds: ['task.exploded'] }, 'kinds[0]'],
  ] as const) {
    expect(await t.refusal('POST', '/b/subscriptions', wrong)).toEqual([400, 'INVALID', param])
  }
})

async function claimed(t: TestRoutes): Promise<Claimed> {
  await t.ok('POST', '/b/tasks', { title: 'x', assignee: 'ada' })
  const options = { dispatcher: 'd', host: 'h', now: Date.now(), leaseMs: 60_000, caps: { board: 4, perAssignee: 4 }, maxRuntimeMs: 60_000, tokenHash: 'hash' }
  return (await t.storesOf('b').claims.claimNext({ ...options, executorOf: () => 'agent' }))!
}
