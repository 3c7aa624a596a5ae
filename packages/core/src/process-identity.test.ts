import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { isProcessAlive, processStarted } from './process-identity.ts'

test.runIf(process.platform === 'linux')('a process is told from a later one of its number, and is not alive once it has ended', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  const pid = child.pid!
  const started = processStarted(pid)
  expect(started).toMatch(/^[0-9a-f-]{36} pid:\[\d+\] \d+$/)
  expect(isProcessAlive({ pid, started })).toBe(true)
  expect(isProcessAlive({ pid, started: started!.replace(/\d+$/, '1') })).toBe(false)
  expect(isProcessAlive({ pid, started: started!.replace(/^[0-9a-f]/, (digit) => (digit === '0' ? '1' : '0')) })).toBe(false)
  expect(isProcessAlive({ pid, started: started!.replace(/pid:\[\d+/, 'pid:[1') })).toBeUndefined()
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isProcessAlive({ pid, started })).toBe(false)
  expect(processStarted(pid)).toBeUndefined()
})

test('nothing is known of a process whose beginning was not written down', () => {
  expect(isProcessAlive({ pid: process.pid, started: null })).toBeUndefined()
})
