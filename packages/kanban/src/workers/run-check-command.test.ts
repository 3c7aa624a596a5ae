import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processStarted, systemClock } from '@talaria/core'
import { until, within } from '@talaria/core/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCheckCommand, type CheckCommand } from './run-check-command.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'talaria-check-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = (command: string, more: Partial<CheckCommand> = {}) =>
  runCheckCommand({ command, folder, env: { PATH: process.env['PATH'] }, clock: systemClock, signal: new AbortController().signal, ...more })

const pidIn = async (file: string) => {
  await until('it has begun', 5_000, () => existsSync(join(folder, file)) && readFileSync(join(folder, file), 'utf8') !== '')
  return Number(readFileSync(join(folder, file), 'utf8'))
}

const isGone = (pid: number) => until('it is gone', 5_000, () => processStarted(pid) === undefined)

test('a command is good when it exits with 0, and sees only what it is given', async () => {
  expect(await run('test "$PWD" = "$(pwd)" && test -z "$HOME"')).toMatchObject({ isGood: true })
  expect(await run('echo out; echo err >&2; exit 3')).toEqual({ isGood: false, said: expect.stringMatching(/^exited with 3:\n(out\nerr|err\nout)$/) })
  expect((await run('kill -9 $$')).said).toBe('was ended by SIGKILL')
})

test('of what a command prints its end is kept, without secrets', async () => {
  const { said } = await run('head -c 1000000 /dev/zero | tr "\\0" x; echo; echo "the end, by sk-abcdefghijklmnopqrstuvwxyz123456"; exit 1')
  expect(said.length).toBeLessThan(4_200)
  expect(said).toContain('the end, by')
  expect(said).not.toContain('abcdefghijklmnopqrstuvwxyz')
})

test('a command whose time is up is ended, with everything it has started', async () => {
  const started = run('sleep 60 & echo $! > child; wait', { timeoutMs: 300 })
  const child = await pidIn('child')
  expect(await within(5_000, 'its end', started)).toMatchObject({ isGood: false, said: 'took longer than 0 s' })
  await isGone(child)
})

test('what a command leaves running does not hold up its answer, and is ended', async () => {
  const { isGood } = await within(5_000, 'its end', run('sleep 60 & echo $! > child; exit 0'))
  expect(isGood).toBe(true)
  await isGone(await pidIn('child'))
})

test('a service that stops ends the commands that it runs', async () => {
  const stop = new AbortController()
  const started = run('echo $$ > child; sleep 60', { signal: stop.signal })
  const child = await pidIn('child')
  stop.abort(new Error('stopping'))
  await expect(started).rejects.toThrow('stopping')
  await isGone(child)
})

test('a command in a folder that is gone could not be started', async () => {
  expect(await run('true', { folder: join(folder, 'gone') })).toMatchObject({ isGood: false, said: expect.stringContaining('could not be started') })
})
