import { hostname } from 'node:os'
import { createId, silentLog, systemClock } from '@talaria/core'
import { FakeClock, until } from '@talaria/core/testing'
import { DatabaseError } from '@talaria/db'
import { checkForLeaks, openTestDatabases } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { refusing } from '../../test/changed-store.ts'
import { Runner } from './runner.ts'

checkForLeaks()

function open(databases: Awaited<ReturnType<typeof openTestDatabases>>['databases'], options: Partial<ConstructorParameters<typeof Runner>[0]> = {}) {
  return new Runner({ runners: databases.gateway.runners, turns: databases.gateway.turns, clock: systemClock, log: silentLog, ...options })
}

test('a runner is known from its start to its end', async () => {
  await using test = openTestDatabases()
  const { runners } = test.databases.gateway
  const runner = open(test.databases)
  expect(await runners.list()).toEqual([])
  await runner.start()
  expect(await runners.list()).toMatchObject([{ id: runner.id, pid: process.pid, host: hostname() }])
  await runner[Symbol.asyncDispose]()
  await runner[Symbol.asyncDispose]()
  expect(await runners.list()).toEqual([])
})

test('a runner that could not register goes on trying, and is not registered until it is', async () => {
  await using test = openTestDatabases()
  const clock = new FakeClock()
  let isFull = true
  await using runner = open(test.databases, {
    clock,
    runners: refusing(test.databases.gateway.runners, 'register', () => (isFull ? new DatabaseError('DISK_FULL', 'full') : undefined)),
  })
  await runner.start()
  expect(runner.isRegistered).toBe(false)
  await expect(runner.register()).rejects.toThrow('full')
  isFull = false
  await clock.advance(10_000)
  await until('it is registered', 2_000, () => runner.isRegistered)
  expect(await test.databases.gateway.runners.list()).toHaveLength(1)
})

test('a runner that was taken for dead registers again with its next heartbeat', async () => {
  await using test = openTestDatabases()
  const { runners } = test.databases.gateway
  const clock = new FakeClock()
  await using runner = open(test.databases, { clock })
  await runner.start()
  await runners.remove(runner.id)
  await clock.advance(10_000)
  await until('it is back', 2_000, async () => (await runners.list()).length === 1)
})

test('of processes on this host those are dead that are not there any more', async () => {
  await using test = openTestDatabases()
  const { runners } = test.databases.gateway
  await using here = open(test.databases)
  await here.start()
  const [{ processStarted } = { processStarted: null }] = await runners.list()
  const [boot, namespace, started] = processStarted!.split(' ')
  const others = {
    'the same process': [process.pid, processStarted],
    'a process that is gone': [2 ** 22 - 1, processStarted],
    'an earlier process of this number': [process.pid, [boot, namespace, Number(started) - 1].join(' ')],
    'a process of an earlier boot': [process.pid, ['another-boot', namespace, started].join(' ')],
    'a process of another container, a moment ago': [2 ** 22 - 1, [boot, 'pid:[1]', started].join(' ')],
  } as const
  for (const [id, [pid, start]] of Object.entries(others)) await runners.register({ id, host: hostname(), pid, processStarted: start })
  expect((await here.dead()).toSorted()).toEqual(['a process of an earlier boot', 'a process that is gone', 'an earlier process of this number'])
  expect(await here.lives('the same process')).toBe(true)
  expect(await here.lives('a process that is gone')).toBe(false)
  expect(await here.lives('nobody')).toBe(false)
})

test('a process on another host is dead when it has been silent for more than three heartbeats', async () => {
  await using test = openTestDatabases()
  const id = createId('runner')
  await test.databases.gateway.runners.register({ id, host: 'elsewhere', pid: 1, processStarted: null })
  const at = (ms: number) => open(test.databases, { clock: { ...systemClock, now: () => systemClock.now() + ms } })
  expect(await at(30_000).dead()).toEqual([])
  expect(await at(36_000).dead()).toEqual([id])
})
