import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const SOAK = join(dirname(import.meta.dirname), 'soak.ts')

test('a short soak passes and shows everything over time', { timeout: 60_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [SOAK, '--seconds', '3', '--rate', '30'], { timeout: 50_000 })
  expect(stdout).toMatch(/✓ every request was answered as it should be/)
  expect(stdout).toMatch(/✓ what is open without clients is a constant/)
  for (const quantity of ['databases', 'sockets', 'memory', 'loop delay p99', 'latency p99'])
    expect(stdout).toMatch(new RegExp(`^${quantity} +[▁-█]+ \\d`, 'm'))
})

test('what it does not understand is answered with how to use it', async () => {
  const attempts = [
    ['--seconds', 'many'],
    ['--minutes', '1'],
    ['--chats', '--seconds', '1'],
    ['--chats', '--kills', '-1'],
  ].map((args) => promisify(execFile)(process.execPath, [SOAK, ...args]).catch((error: unknown) => error))
  for (const answer of await Promise.all(attempts)) expect(answer).toMatchObject({ code: 2, stderr: expect.stringContaining('pnpm soak') })
})
