import { until } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { isAlive } from '../services/testing/fake-repository.ts'
import { runCommand } from './run-command.ts'

const options = { cwd: process.cwd(), deadlineMs: 10_000 }

test('a command that fails is a result with what it wrote', async () => {
  expect(await runCommand(['sh', '-c', 'echo out; echo err >&2; exit 3'], options)).toEqual({ ok: false, timedOut: false, output: 'out\nerr\n' })
})

test('a command that does not exist is a result that names it', async () => {
  const result = await runCommand(['no-such-program'], options)
  expect(result).toMatchObject({ ok: false, output: expect.stringContaining('no-such-program did not start') as string })
})

test('a command that hangs is killed at its deadline, with what it started', async () => {
  const result = await runCommand(['sh', '-c', 'sleep 60 & echo $!; wait'], { ...options, deadlineMs: 300 })
  expect(result).toMatchObject({ ok: false, timedOut: true })
  await until('its child is gone', 5_000, () => !isAlive(Number(result.output)))
})
