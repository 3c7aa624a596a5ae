import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { fakeRepository, isAlive, serviceSource } from './testing/fake-repository.ts'

test('an edit is running a moment later, on the same port, and its forerunner is gone', async () => {
  const repository = await fakeRepository()
  const launched = repository.launch('reloadServices')
  await launched.says('is up after')
  repository.write('apps/fake/src/main.ts', serviceSource({ word: 'two' }))
  await until('the edit answers', 10_000, async () => (await repository.answer()) === 'two')
  const [before, after] = launched.servicePids()
  expect(after).toBeDefined()
  expect(before !== undefined && isAlive(before)).toBe(false)
})

test('a file that an editor replaces, again and again, is seen each time', async () => {
  const repository = await fakeRepository()
  const launched = repository.launch('reloadServices')
  await launched.says('is up after')
  for (const word of ['two', 'three']) {
    repository.write('draft', serviceSource({ word }))
    renameSync(join(repository.root, 'draft'), repository.main)
    await until(`${word} answers`, 10_000, async () => (await repository.answer()) === word)
  }
})

test('an edit in a package reloads, one of a test does not', async () => {
  const repository = await fakeRepository()
  const launched = repository.launch('reloadServices')
  await launched.says('is up after')
  repository.write('packages/core/src/word.test.ts', 'changed')
  await delay(1_000)
  expect(launched.servicePids()).toHaveLength(1)
  repository.write('packages/core/src/new/word.ts', 'changed')
  await launched.says('packages/core/src/new/word.ts changed: reloading fake')
})

test('a service that an edit broke starts again with the edit that mends it', async () => {
  const repository = await fakeRepository()
  const launched = repository.launch('reloadServices')
  await launched.says('is up after')
  repository.write('apps/fake/src/main.ts', `throw new Error('broken')`)
  await launched.says('ended by itself (exit code 1). The next edit starts it again.')
  repository.write('apps/fake/src/main.ts', serviceSource({ word: 'mended' }))
  await until('it answers', 10_000, async () => (await repository.answer()) === 'mended')
})

test('a service that does not stop is stopped', async () => {
  const repository = await fakeRepository()
  repository.write('apps/fake/src/main.ts', serviceSource({ slowMs: 60_000 }))
  const launched = repository.launch('reloadServices')
  await launched.says('is up after')
  repository.write('apps/fake/src/main.ts', serviceSource({ word: 'two' }))
  await until('the edit answers', 10_000, async () => (await repository.answer()) === 'two')
  expect(launched.output).toContain('asked 2')
})

test('Ctrl-C leaves nothing behind', async () => {
  const repository = await fakeRepository()
  const launched = repository.launch('reloadServices')
  await launched.says('is up after')
  launched.signalGroup('SIGINT')
  expect(await launched.exitCode()).toBe(0)
  expect(launched.servicePids().some(isAlive)).toBe(false)
})
