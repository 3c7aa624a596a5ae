import { silentLog, systemClock } from '@talaria/core'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabases } from '@talaria/db'
import { expect, test } from 'vitest'
import { chatTools } from './chat-tools.ts'

const CHAT = { platform: 'telegram', account: 'bot', chatId: '42', threadId: '' }

test('a task that is made in a chat is its owner’s, reports there, and is worked on in no folder of the host', async () => {
  const home = mkdtempSync(join(tmpdir(), 'talaria-chat-tools-'))
  using _home = { [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) }
  const locations = { gateway: { file: join(home, 'gateway.db') }, boards: join(home, 'boards') }
  await using databases = openDatabases({ service: 'gateway', locations, clock: systemClock, log: silentLog })
  await databases.gateway.sessions.create({ id: 'ses_1', owner: 'telegram:bot:anna', source: 'telegram' })
  await databases.gateway.routes.point('telegram:bot:42::', { address: CHAT, sessionId: 'ses_1' })
  const create = chatTools(databases).find(({ name }) => name === 'kanban_create')!
  const context = { sessionId: 'ses_1', signal: AbortSignal.timeout(5_000), progress: () => {} }
  await expect(async () => create.run({ title: 'x', workspace_kind: 'dir', workspace_path: '/' }, context)).rejects.toThrow('workspace_kind')
  await create.run({ title: 'Write the report', assignee: 'bo' }, context)
  const { tasks, subscriptions } = databases.board('default')
  expect(await tasks.get(1)).toMatchObject({ createdBy: 'chat:telegram:bot:anna', origin: { sessionId: 'ses_1', chat: CHAT } })
  expect(await subscriptions.list()).toMatchObject([{ taskNumber: 1, target: { kind: 'chat', ...CHAT, sessionId: 'ses_1' }, mode: 'notify' }])
})
