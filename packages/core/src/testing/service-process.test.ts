import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ServiceProcess } from './service-process.ts'

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
