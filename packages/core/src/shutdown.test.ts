import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { silentLog } from './log.ts'
import { listenForShutdown } from './shutdown.ts'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process that drains for ever after its first signal. */
async function startService(afterwards = 'await new Promise(() => {})', options = '') {
  const module = (name: string) => JSON.stringify(new URL(`./${name}`, import.meta.url).href)
  const code = `
    import { listenForShutdown } from ${module('shutdown.ts')}
    import { silentLog } from ${module('log.ts')}
    setInterval(() => {}, 1000)
    {
      using shutdown = listenForShutdown({ log: silentLog, ${options} })
      console.log('ready')
      console.log(await shutdown.requested, shutdown.signal.aborted)
      ${afterwards}
    }
    console.log('disposed')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const says = async () => (await lines.next()).value as string
  expect(await says()).toBe('ready')
  return { child, says, exited: once(child, 'exit') }
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('the first %s asks for a shutdown, the second signal exits with 1 at once', async (signal) => {
  const { child, says, exited } = await startService()
  child.kill(signal)
  expect(await says()).toBe(`${signal} true`)
  child.kill('SIGTERM')
  expect(await exited).toEqual([1, null])
})

test('a drain that is not over by the deadline ends with 1, one that is over does not', async () => {
  const hung = await startService(undefined, 'deadlineMs: 50')
  hung.child.kill('SIGTERM')
  expect(await hung.exited).toEqual([1, null])

  const drained = await startService('', 'deadlineMs: 50')
  drained.child.kill('SIGTERM')
  expect([await drained.says(), await drained.says()]).toEqual(['SIGTERM true', 'disposed'])
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(drained.child.exitCode).toBeNull()
})

test('once disposed, a signal does what it does by default', async () => {
  const { child, says, exited } = await startService('')
  child.kill('SIGTERM')
  expect([await says(), await says()]).toEqual(['SIGTERM true', 'disposed'])
  child.kill('SIGTERM')
  expect(await exited).toEqual([null, 'SIGTERM'])
})

test('disposing, twice too, leaves no listener on the process', () => {
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
  const before = signals.map((signal) => process.listenerCount(signal))
  const shutdown = listenForShutdown({ log: silentLog })
  expect(signals.map((signal) => process.listenerCount(signal))).toEqual(before.map((count) => count + 1))
  shutdown[Symbol.dispose]()
  shutdown[Symbol.dispose]()
  expect(signals.map((signal) => process.listenerCount(signal))).toEqual(before)
})

test('SIGHUP is no wish to end where it means something else, however often it comes', async () => {
  const { child, says, exited } = await startService('', "onHangUp: () => console.log('hung up')")
  for (let times = 0; times < 2; times++) {
    child.kill('SIGHUP')
    expect(await says()).toBe('hung up')
  }
  child.kill('SIGTERM')
  expect([await says(), await says()]).toEqual(['SIGTERM true', 'disposed'])
  child.kill('SIGTERM')
  await exited
})
