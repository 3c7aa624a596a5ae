import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ServiceProcess } from './service-process.ts'
import { until } from './until.ts'

function start(source: string, env: Record<string, string> = {}): ServiceProcess {
  const home = mkdtempSync(join(tmpdir(), 'talaria-process-'))
  const main = join(home, 'main.mjs')
  writeFileSync(main, source)
  const service = new ServiceProcess({ main, home, env })
  onTestFinished(async () => {
    await service[Symbol.asyncDispose]()
    rmSync(home, { recursive: true })
  })
  return service
}

test('a service is told its home and what it is given, and nothing else', async () => {
  const service = start('console.log(JSON.stringify(process.env))', { WORD: 'given' })
  expect(await service.end()).toBe(0)
  const seen = JSON.parse(service.stdout) as Record<string, string>
  expect(Object.keys(seen).toSorted()).toEqual(['HOME', 'PATH', 'TALARIA_HOME', 'WORD'])
  expect(seen.HOME).toBe(seen.TALARIA_HOME)
})

test('its address is read from its log', async () => {
  const service = start(`console.error(JSON.stringify({ url: 'http://127.0.0.1:41' })); setInterval(() => {}, 1000)`)
  expect(await service.url()).toBe('http://127.0.0.1:41')
  expect(await service.stop()).toBe('SIGTERM')
})

test('a service that ends instead of saying what is waited for is reported with its log', async () => {
  const service = start(`console.error('no port is free'); process.exitCode = 3`)
  await expect(service.logs('listens')).rejects.toThrow(/ended \(3\).*no port is free/s)
})

test('what it has open is seen from outside', async () => {
  const service = start(`import { openSync } from 'node:fs'; openSync('/dev/zero', 'r'); console.error('open'); setInterval(() => {}, 1000)`)
  await service.logs('open')
  expect(service.descriptors().filter((target) => target === '/dev/zero')).toHaveLength(1)
})

test('it ends with the process that started it, however that ends', async () => {
  const module = JSON.stringify(new URL('./service-process.ts', import.meta.url).href)
  const parent = start(`
    import { writeFileSync } from 'node:fs'
    import { ServiceProcess } from ${module}
    const home = process.env.TALARIA_HOME
    writeFileSync(home + '/child.mjs', 'setInterval(() => {}, 1000)')
    console.error('started ' + new ServiceProcess({ main: home + '/child.mjs', home }).pid + '.')`)
  await parent.logs('.')
  const child = Number(/started (\d+)/.exec(parent.stderr)![1])
  expect(isAlive(child)).toBe(true)
  await parent.stop('SIGKILL')
  await until('the child is gone', 10_000, () => !isAlive(child))
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
