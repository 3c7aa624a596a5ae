import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@talaria/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { fakeRepository, isAlive, serviceSource } from './testing/fake-repository.ts'

test('what a service writes stands behind its name, and where it is comes once it answers', async () => {
  const repository = await fakeRepository()
  const launched = repository.launch('launchServices')
  await launched.says('is up')
  expect(await repository.answer()).toBe('one')
  expect(launched.output).toMatch(/^fake │ pid \d+/m)
  expect(launched.output).toContain(`fake: ${repository.url}\n    It says: hello`)
})

test('a secret that is missing is made up, and is not shown', async () => {
  const repository = await fakeRepository()
  const launched = repository.launch('launchServices')
  await launched.says('is up')
  const [, secret = ''] = /^FAKE_KEY=(.+)$/m.exec(readFileSync(join(repository.home, '.env'), 'utf8')) ?? []
  expect(secret.length).toBeGreaterThan(30)
  expect(launched.output).not.toContain(secret)
})

test('a secret in the environment is not made up again', async () => {
  const repository = await fakeRepository()
  const launched = repository.launch('launchServices', { FAKE_KEY: 'mine' })
  await launched.says('key mine')
  expect(existsSync(join(repository.home, '.env'))).toBe(false)
})

test('SIGTERM lets the service drain, and everything exits with 0', async () => {
  const repository = await fakeRepository()
  repository.write('apps/fake/src/main.ts', serviceSource({ slowMs: 300 }))
  const launched = repository.launch('launchServices')
  await launched.says('is up')
  launched.signal('SIGTERM')
  expect(await launched.exitCode()).toBe(0)
  expect(launched.output).toContain('fake │ drained')
  expect(launched.servicePids().some(isAlive)).toBe(false)
})

test('Ctrl-C asks a service once, however often it arrives', async () => {
  const repository = await fakeRepository()
  repository.write('apps/fake/src/main.ts', serviceSource({ slowMs: 300 }))
  const launched = repository.launch('launchServices')
  await launched.says('is up')
  launched.signalGroup('SIGINT')
  launched.signal('SIGINT')
  expect(await launched.exitCode()).toBe(0)
  expect(launched.output).not.toContain('asked 2')
})

test('asked again after a while, it ends at once', async () => {
  const repository = await fakeRepository()
  repository.write('apps/fake/src/main.ts', serviceSource({ slowMs: 60_000 }))
  const launched = repository.launch('launchServices')
  await launched.says('is up')
  launched.signal('SIGINT')
  await delay(1_100)
  launched.signal('SIGINT')
  expect(await launched.exitCode()).toBe(1)
  expect(launched.output).toContain('asked 2')
})

test('a service ends in order when its launcher is killed', async () => {
  const repository = await fakeRepository()
  // It writes where the test can read it: the pipe to the launcher is gone with that.
  repository.write(
    'apps/fake/src/main.ts',
    `${serviceSource()}\nimport { writeFileSync } from 'node:fs'\nprocess.on('exit', (code) => writeFileSync('${repository.root}/end', String(code)))`,
  )
  const launched = repository.launch('launchServices')
  await launched.says('is up')
  launched.signal('SIGKILL')
  await until('the service is gone', 5_000, () => !launched.servicePids().some(isAlive))
  expect(readFileSync(join(repository.root, 'end'), 'utf8')).toBe('0')
})

test('a service that ends by itself ends the launcher with its exit code', async () => {
  const repository = await fakeRepository()
  repository.write('apps/fake/src/main.ts', `console.error('Set FAKE_THING.')\nprocess.exit(78)`)
  const launched = repository.launch('launchServices')
  expect(await launched.exitCode()).toBe(78)
  expect(launched.output).toMatch(/fake │ Set FAKE_THING\.\nfake ended by itself \(exit code 78\)/)
})

test('a port that is taken is named before anything starts', async () => {
  const repository = await fakeRepository()
  const other = createServer().listen(Number(new URL(repository.url).port), '127.0.0.1')
  onTestFinished(() => void other.close())
  const launched = repository.launch('launchServices')
  expect(await launched.exitCode()).toBe(1)
  expect(launched.output).toContain('set FAKE_PORT')
  expect(launched.servicePids()).toEqual([])
})
