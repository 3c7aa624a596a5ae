import { until } from '@talaria/core/testing'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { ask, startConnected } from './gateway-process.ts'

test('the command restart lets what is being answered end, and exits with 75, which asks for another start', { timeout: 60_000 }, async () => {
  using home = temporaryHome()
  const { process, url } = await startConnected(home.path)
  await using _process = process
  const json = async (path: string, body?: unknown) => (await (await ask(url, path, body)).json()) as Record<string, unknown>
  const session = await json('/api/sessions', { title: 'mine' })
  const answer = json('/v1/responses', { input: '!pause 300ms\n!say to the end' })
  await until('it is being answered', 10_000, async () => ((await json('/v1/runs?status=running')) as { data: unknown[] }).data.length === 1)
  const said = await json(`/api/sessions/${(session.session as { id: string }).id}/commands`, { text: '/restart' })
  expect(JSON.stringify(said)).toContain('for its service manager to start it again')
  expect(JSON.stringify(await answer)).toContain('to the end')
  expect(await process.end()).toBe(75)
  expect(process.stderr).not.toMatch(/"level":[56]0/)

  const again = await startConnected(home.path)
  await using _again = again.process
  expect(await again.process.stop()).toBe(0)
})
