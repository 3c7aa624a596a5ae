import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { silentLog } from '@talaria/core'
import { expect, test } from 'vitest'
import type { BoardUser } from '../routes/board-user.ts'
import { openTestBoards, type TestBoards } from '../testing/test-board.ts'
import { mcpRoutes } from './mcp-routes.ts'

const USERS: Readonly<Record<string, BoardUser>> = {
  worker: { actor: 'key:ci', scopes: new Set(['read', 'write']) },
  reader: { actor: 'key:view', scopes: new Set(['read']) },
}

/** The official client, connected in process as who has this key. */
async function connect({ databases }: TestBoards, key: string, { path = '/mcp', mode }: { readonly path?: string; readonly mode?: 'auto' } = {}) {
  const app = mcpRoutes({
    databases,
    authorize: async (c) =>
      USERS[c.req.header('authorization')?.replace('Bearer ', '') ?? ''] ?? c.json({ error: { code: 'invalid_api_key', message: 'no' } }, 401),
    version: '1.0.0',
    log: silentLog,
  })
  const client = new Client({ name: 'test', version: '1.0.0' }, mode === undefined ? {} : { versionNegotiation: { mode } })
  const transport = new StreamableHTTPClientTransport(new URL(`http://localhost${path}`), {
    fetch: async (url, init) => app.request(new Request(url, init)),
    requestInit: { headers: { authorization: `Bearer ${key}` } },
  })
  await client.connect(transport)
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() })
}

const textOf = (result: { readonly content?: unknown }) => (result.content as { readonly text: string }[])[0]!.text

test('a client finds the tools of a board and has a task made, under the name of its key', async () => {
  await using boards = await openTestBoards()
  await using client = await connect(boards, 'worker')
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['kanban_show', 'kanban_create', 'kanban_complete', 'kanban_unblock']))
  expect(tools.map(({ name }) => name)).not.toContain('kanban_heartbeat')
  expect(tools.find(({ name }) => name === 'kanban_create')!.inputSchema).toMatchObject({ type: 'object', required: ['title'] })
  const made = JSON.parse(textOf(await client.callTool({ name: 'kanban_create', arguments: { title: 'By a program', assignee: 'anna' } }))) as { task: number }
  expect(await boards.storesOf('default').tasks.get(made.task)).toMatchObject({ title: 'By a program', createdBy: 'key:ci' })
})

test('clients of the newest revision of the protocol are served as well', async () => {
  await using boards = await openTestBoards()
  await using client = await connect(boards, 'worker', { mode: 'auto' })
  expect(JSON.parse(textOf(await client.callTool({ name: 'kanban_list', arguments: {} })))).toEqual({ tasks: [] })
})

test('a refusal is an answer that a model can act on', async () => {
  await using boards = await openTestBoards()
  await using client = await connect(boards, 'worker')
  const result = await client.callTool({ name: 'kanban_show', arguments: { task_id: 7 } })
  expect(result.isError).toBe(true)
  expect(textOf(result)).toContain('TASK_NOT_FOUND')
  const misfit = await client.callTool({ name: 'kanban_create', arguments: { name: 'no title' } })
  expect(misfit.isError).toBe(true)
  expect(textOf(misfit)).toContain('title')
})

test('a key that may only read is offered nothing else, and cannot call it either', async () => {
  await using boards = await openTestBoards()
  await using client = await connect(boards, 'reader')
  expect((await client.listTools()).tools.map(({ name }) => name).toSorted()).toEqual(['kanban_attachments', 'kanban_list', 'kanban_show'])
  await client.callTool({ name: 'kanban_create', arguments: { title: 'x' } }).catch(() => {})
  expect((await boards.storesOf('default').tasks.list({ limit: 10 })).tasks).toEqual([])
})

test('the board is the one of the path, or the current one', async () => {
  await using boards = await openTestBoards(['default', 'web'])
  boards.databases.boards.setCurrent('web')
  await using current = await connect(boards, 'worker')
  await using named = await connect(boards, 'worker', { path: '/mcp/default' })
  await current.callTool({ name: 'kanban_create', arguments: { title: 'on web' } })
  await named.callTool({ name: 'kanban_create', arguments: { title: 'on default' } })
  const titles = async (slug: string) => (await boards.storesOf(slug).tasks.list({ limit: 10 })).tasks.map(({ title }) => title)
  expect([await titles('web'), await titles('default')]).toEqual([['on web'], ['on default']])
})

test('nobody is served without a key', async () => {
  await using boards = await openTestBoards()
  await expect(connect(boards, 'stranger')).rejects.toThrow(/401|Unauthorized|invalid_api_key/i)
})
