import type { BoardStores } from '@talaria/db'
import { expect, test } from 'vitest'
import { openTestBoards } from '../testing/test-board.ts'
import { openWorkerSite } from '../../test/worker-site.ts'
import { kanbanTools } from './kanban-tools.ts'
import { kanbanToolDefinitions } from './tool-definitions.ts'
import type { KanbanToolContext } from './tool.ts'

type Answer = Record<string, unknown>

/** Calls tools as a person's agent does. */
function callerOf(stores: BoardStores, more: Partial<KanbanToolContext> = {}) {
  return async (name: string, input: unknown = {}): Promise<Answer> => {
    const tool = kanbanTools.find((one) => one.name === `kanban_${name}`)!
    return (await tool.run({ stores, actor: 'chat:anna', ...more }, input)) as Answer
  }
}

test('a task is made, shown and listed by who asks, with its actor written down', async () => {
  await using boards = await openTestBoards()
  const call = callerOf(boards.storesOf('default'))
  const { task: first } = await call('create', { title: 'Plan', priority: 3, labels: ['home'] })
  const made = await call('create', {
    title: 'Build',
    assignee: 'bob',
    body: 'With care.',
    parents: [`#${String(first)}`],
    due: '2027-01-01T12:00:00+01:00',
    goal_mode: true,
    model: 'fast',
    workspace_kind: 'dir',
    workspace_path: '/srv/site',
    max_runtime_seconds: 60,
  })
  expect(made).toMatchObject({ state: 'todo', assignee: 'bob', due: '2027-01-01T11:00:00.000Z', created_by: 'chat:anna' })
  const shown = await call('show', { task_id: made['task'] })
  expect(shown).toMatchObject({ body: 'With care.', parents: [{ task: first, title: 'Plan', met: false, condition: 'success' }], children: [] })
  expect((await boards.storesOf('default').tasks.get(made['task'] as number))!.settings).toEqual({
    goal: { maxTurns: 20 },
    model: 'fast',
    workspace: { kind: 'dir', path: '/srv/site' },
    maxRuntimeMs: 60_000,
  })
  expect(await call('list', { label: 'home' })).toMatchObject({ tasks: [{ title: 'Plan', priority: 3 }] })
  expect(await call('list', { status: ['todo', 'blocked'] })).toMatchObject({ tasks: [{ title: 'Build' }] })
  const page = await call('list', { limit: 1 })
  expect((await call('list', { limit: 1, after: page['next'] }))['tasks']).toMatchObject([{ title: 'Build' }])
})

test('a task with the key of another is that other', async () => {
  await using boards = await openTestBoards()
  const call = callerOf(boards.storesOf('default'))
  const first = await call('create', { title: 'Once', idempotency_key: 'k' })
  expect(await call('create', { title: 'Once', idempotency_key: 'k' })).toMatchObject({ task: first['task'], existed: true })
})

test('the life of a task, by whoever is no worker', async () => {
  await using boards = await openTestBoards()
  const call = callerOf(boards.storesOf('default'))
  const { task } = await call('create', { title: 'Life', assignee: 'bob' })
  const id = { task_id: task }
  expect(await call('block', { ...id, reason: 'Which colour?' })).toEqual({ task, state: 'blocked' })
  expect(await call('unblock', id)).toMatchObject({ state: 'ready' })
  expect(await call('request_review', { ...id, summary: 'Look', reviewer: 'eve' })).toEqual({ task, state: 'review' })
  expect(await call('request_changes', { ...id, reason: 'Brighter' })).toEqual({ task, state: 'ready' })
  await expect(call('complete', { ...id, summary: 'x', created_cards: [77] })).rejects.toThrow('there is no 77')
  await expect(call('complete', id)).rejects.toMatchObject({ code: 'INVALID', details: { field: 'summary' } })
  expect(await call('complete', { ...id, result: 'Blue', verdict: 'success' })).toEqual({ task, state: 'done' })
  expect(await call('show', id)).toMatchObject({ state: 'done', summary: 'Blue', result: 'Blue' })
})

test('links are made and taken away, and none that waits for itself', async () => {
  await using boards = await openTestBoards()
  const call = callerOf(boards.storesOf('default'))
  const [a, b] = [(await call('create', { title: 'a' }))['task'], (await call('create', { title: 'b' }))['task']]
  expect(await call('link', { parent_id: a, child_id: b, condition: 'always' })).toEqual({ parent: a, child: b, condition: 'always', met: false })
  await expect(call('link', { parent_id: b, child_id: a })).rejects.toMatchObject({ code: 'CYCLE' })
  expect(await call('unlink', { parent_id: a, child_id: b })).toMatchObject({ removed: true })
})

test('comments and files are on the task for the next reader', async () => {
  await using boards = await openTestBoards()
  const call = callerOf(boards.storesOf('default'))
  const { task } = await call('create', { title: 'Files' })
  const id = { task_id: task }
  await call('comment', { ...id, body: 'Hello' })
  const text = await call('attach', { ...id, filename: '../notes.md', text: 'größer' })
  const bytes = await call('attach', { ...id, filename: 'b.bin', content_base64: Buffer.from([0xff, 0]).toString('base64') })
  expect(text).toMatchObject({ name: 'notes.md', bytes: 8 })
  expect(await call('attachments', { ...id, attachment: text['attachment'] })).toMatchObject({ text: 'größer' })
  expect(await call('attachments', { ...id, attachment: bytes['attachment'] })).toMatchObject({ content_base64: '/wA=' })
  expect(await call('attachments', id)).toMatchObject({ attachments: [{ name: 'notes.md', by: 'chat:anna' }, { name: 'b.bin' }] })
  expect(await call('show', id)).toMatchObject({ comments: [{ author: 'chat:anna', body: 'Hello' }], attachments: [{}, {}] })
  await expect(call('attach', { ...id, filename: 'x', text: 'a', content_base64: 'YQ==' })).rejects.toMatchObject({ code: 'INVALID' })
  await expect(call('attach', { ...id, filename: 'x', content_base64: 'not base64!' })).rejects.toMatchObject({ code: 'INVALID' })
})

test('input that does not fit is refused with what was expected, and a task that is not there by its name', async () => {
  await using boards = await openTestBoards()
  const call = callerOf(boards.storesOf('default'))
  await expect(call('list', { limit: 1_000 })).rejects.toThrow(/limit/)
  await expect(call('show', { task_id: '#9' })).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  await expect(call('show', {})).rejects.toMatchObject({ code: 'INVALID', details: { field: 'task_id' } })
  await expect(call('heartbeat', { note: 'x' })).rejects.toThrow('for workers')
})

test('a worker is offered what is for workers, and takes no running task from another', async () => {
  const names = kanbanToolDefinitions('worker').map(({ name }) => name)
  expect(names).toContain('kanban_heartbeat')
  expect(names).not.toContain('kanban_unblock')
  expect(kanbanToolDefinitions('people').map(({ name }) => name)).not.toContain('kanban_heartbeat')
  for (const { parameters } of kanbanToolDefinitions('people')) expect(parameters).toMatchObject({ type: 'object', properties: {} })

  await using site = await openWorkerSite()
  const { claim: other } = await site.claim({ title: 'Runs already' })
  const { claim } = await site.claim({ title: 'Mine' })
  const open = (await site.stores.claims.open()).find((one) => one.claim.runId === claim.runId)!
  const call = callerOf(site.stores, { actor: `worker:${claim.runId}`, worker: { open, ends: site.completion, leaseMs: 60_000 } })
  await expect(call('link', { parent_id: claim.taskNumber, child_id: other.taskNumber })).rejects.toThrow('a task that has not begun')
  await expect(call('unblock', { task_id: other.taskNumber })).rejects.toThrow('not for workers')
  expect(await call('heartbeat', { note: 'halfway' })).toEqual({ ok: true })
  expect((await site.run(claim.runId)).note).toBe('halfway')
  expect(await call('block', { reason: 'Tired' })).toEqual({ task: claim.taskNumber, state: 'blocked' })
  await expect(call('heartbeat', { note: 'still here' })).rejects.toMatchObject({ code: 'CLAIM_LOST' })
})
