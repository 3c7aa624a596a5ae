import { existsSync } from 'node:fs'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { talaria } from './talaria.ts'

// A command is a process: most of the time here is its start. What each does is tested where it is, in packages/kanban.

test('boards work without any service: a task is made, shown, refused and misunderstood, each with its exit code', { timeout: 60_000 }, async () => {
  using home = temporaryHome()
  const env = { KANBAN_PORT: '1' }
  const kanban = (...argv: string[]) => talaria(home.path, ['kanban', ...argv], env)
  expect(await kanban('create', 'Fix the log-in', '--assignee', 'coder')).toEqual({
    code: 0,
    stdout: 'Made #1 ready "Fix the log-in".\n',
    stderr: 'No dispatcher is running: start it with `pnpm kanban`.\n',
  })
  const [shown, refused, misunderstood, help] = await Promise.all([
    kanban('list', '--json'),
    kanban('complete', '7'),
    kanban('list', '--loud'),
    kanban('create', '--help'),
  ])
  expect(JSON.parse(shown.stdout)).toMatchObject({ tasks: [{ number: 1, title: 'Fix the log-in', createdBy: 'cli' }] })
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no task 7') })
  expect(misunderstood).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('unknown option') })
  expect(help).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('talaria kanban create "Fix the log-in" --assignee coder') })
  expect([existsSync(home.file('boards/default.db')), existsSync(home.file('gateway.db'))]).toEqual([true, false])
})
