import { silentLog, systemClock as clock } from '@talaria/core'
import { openDatabases } from '@talaria/db'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { ask, startConnected } from './gateway-process.ts'

test('/kanban makes a task on a board of the home, which knows the conversation that asked', { timeout: 60_000 }, async () => {
  using home = temporaryHome()
  const { process, url } = await startConnected(home.path, { KANBAN_PORT: '1' })
  await using _process = process
  const { session } = (await (await ask(url, '/api/sessions', {})).json()) as { session: { id: string } }
  const answer = await ask(url, `/api/sessions/${session.id}/commands`, { text: '/kanban create "Fix the log-in" --assignee coder' })
  expect(await answer.json()).toMatchObject({ text: expect.stringMatching(/Made #1 ready "Fix the log-in"\.\nNo dispatcher is running/) })
  const locations = { gateway: { file: home.file('gateway.db') }, boards: home.file('boards') }
  await using databases = openDatabases({ service: 'cli', locations, clock, log: silentLog })
  expect(await databases.board('default').tasks.get(1)).toMatchObject({
    title: 'Fix the log-in',
    origin: { sessionId: session.id },
    createdBy: expect.stringMatching(/^user:/),
  })
})
