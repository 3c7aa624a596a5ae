import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { silentLog, systemClock } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { expect, expectTypeOf, test } from 'vitest'
import { FILES_PER_DATABASE, openDatabases, type Databases } from './databases.ts'
import type { GatewayStores } from './index.ts'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { filesOpen } from './testing/files-open.ts'
import { openTestDatabases } from './testing/open-test-databases.ts'
import { temporaryHome } from './testing/temporary-home.ts'

checkForLeaks()

const session = { id: 'ses_1', owner: 'me', source: 'api' }

/** @see https://github.com/NousResearch/hermes-agent/issues/36111 */
test('building databases and every store of them opens nothing', async () => {
  using home = temporaryHome()
  for (let i = 0; i < 50; i++) {
    await using test = openTestDatabases({ file: home.file('gateway.db') })
    expect(Object.values(test.databases.gateway)).not.toHaveLength(0)
    expect(Object.values(test.databases.gatewayReaders)).not.toHaveLength(0)
    expect(test.databases.stats()).toMatchObject({ databases: 0, connections: 0, opened: 0 })
  }
  expect(readdirSync(home.path)).toEqual([])
})

test('the databases of a process are opened once; closing makes room for the next', async () => {
  using home = temporaryHome()
  const options = { service: 'gateway', clock: systemClock, log: silentLog, locations: { gateway: { file: home.file('gateway.db') } } } as const
  const first = openDatabases(options)
  expect(() => openDatabases(options)).toThrow(expect.objectContaining({ code: 'ALREADY_OPEN' }))
  await first.close()
  await openDatabases(options).close()
})

test('a second copy of this package in the process is noticed as well', async () => {
  await using test = openTestDatabases()
  // The same module under another address, as a second installation would be.
  const address = `${new URL('./databases.ts', import.meta.url).href}?second-copy`
  const copy = (await import(/* @vite-ignore */ address)) as { openDatabases: typeof openDatabases }
  expect(copy.openDatabases).not.toBe(openDatabases)
  const options = { service: 'gateway', clock: systemClock, log: silentLog, locations: { gateway: { file: test.file } } } as const
  expect(() => copy.openDatabases(options)).toThrow(expect.objectContaining({ code: 'ALREADY_OPEN' }))
})

test('close hooks run last-added-first, one after another, while the databases still work', async () => {
  await using test = openTestDatabases()
  const { databases } = test
  const calls: string[] = []
  databases.onClose(() => void calls.push('first added'))
  const takeBack = databases.onClose(() => void calls.push('taken back'))
  databases.onClose(async () => {
    await databases.gateway.sessions.create(session)
    calls.push(`last added, sees ${(await databases.gateway.sessions.list({ all: true }, { limit: 10 })).length} session`)
  })
  takeBack()
  await databases.close()
  expect(calls).toEqual(['last added, sees 1 session', 'first added'])
})

test('whatever goes wrong while closing is reported together, and everything is closed all the same', async () => {
  const clock = new FakeClock()
  using home = temporaryHome()
  const { databases, file } = openTestDatabases({ file: home.file('gateway.db'), clock })
  await databases.gateway.sessions.create(session)
  databases.onClose(() => {
    throw new Error('one')
  })
  databases.onClose(() => Promise.reject(new Error('two')))
  const error = await databases.close().catch((reason: unknown) => reason as AggregateError)
  expect(error).toBeInstanceOf(AggregateError)
  expect((error as AggregateError).errors.map(String)).toEqual(['Error: two', 'Error: one'])
  expect(await filesOpen(file)).toEqual([])
})

test('closing twice is closing once, and whoever closes second waits for the first', async () => {
  await using test = openTestDatabases()
  const { databases } = test
  const calls: string[] = []
  databases.onClose(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    await databases.gateway.sessions.create(session)
    calls.push('hook')
  })
  const first = databases.close()
  await databases.close()
  calls.push('closed')
  await first
  await databases.close()
  expect(calls).toEqual(['hook', 'closed'])
})

test('a database that is read and written has exactly the documented number of files open', async () => {
  await using test = openTestDatabases()
  await test.databases.gateway.sessions.create(session)
  await test.databases.gateway.sessions.get('ses_1', { all: true })
  const shm = [`${test.file}-shm`]
  const perConnection = [test.file, `${test.file}-wal`]
  expect(await filesOpen(test.file)).toEqual([...perConnection, ...perConnection, ...shm].toSorted())
  expect(FILES_PER_DATABASE).toBe(5)
  expect(test.databases.stats()).toMatchObject({ databases: 1, connections: 2, maxFiles: 40 * FILES_PER_DATABASE })
})

/** @see https://github.com/NousResearch/hermes-webui/issues/5780 */
test('a service that only reads has no writable handle on the file, and no way to ask for one', async () => {
  using home = temporaryHome()
  const file = home.file('gateway.db')
  {
    await using owner = openTestDatabases({ file })
    await owner.databases.gateway.sessions.create(session)
  }
  await using reader = openTestDatabases({ file, service: 'webui' })
  expect(() => reader.databases.gateway).toThrow(expect.objectContaining({ code: 'READ_ONLY' }))
  expect(await reader.databases.gatewayReaders.sessions.get('ses_1', { owner: 'me' })).toMatchObject({ id: 'ses_1' })
  expect(accessModesOf(file)).toEqual(['read-only'])
  expectTypeOf<Extract<keyof Databases['gatewayReaders']['sessions'], keyof GatewayStores['sessions']>>().toEqualTypeOf<
    'get' | 'exists' | 'list' | 'findByTranscript' | 'messages' | 'search'
  >()
})

test('who asks is told every open connection: file, role, since when, and who has borrowed it', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { databases } = test
  await databases.gateway.sessions.create(session)
  await clock.advance(500)
  const reading = databases.gatewayReaders.sessions.get('ses_1', { all: true })
  expect(databases.handles()).toEqual([{ file: test.file, role: 'writer', openedAt: 1_000, leases: [] }])
  await reading
  const again = databases.gatewayReaders.sessions.get('ses_1', { all: true })
  expect(databases.handles()).toEqual([
    { file: test.file, role: 'reader', openedAt: 1_500, leases: [{ since: 1_500, where: expect.stringMatching(/^at .*session-reader/) as string }] },
    { file: test.file, role: 'writer', openedAt: 1_000, leases: [] },
  ])
  expect(databases.stats()).toMatchObject({ leases: 1, commits: 1, writes: 1, opened: 1 })
  await again
  expect(databases.stats()).toMatchObject({ leases: 0, followers: 0, queuedWrites: 0 })
})

test('writes that wait or run are counted until they are on disk', async () => {
  await using test = openTestDatabases()
  const { databases } = test
  await databases.gateway.sessions.create(session)
  const writes = Array.from({ length: 5 }, (_, i) => databases.gateway.sessions.create({ ...session, id: `ses_more_${i}` }))
  await Promise.resolve()
  await Promise.resolve()
  expect(databases.stats()).toMatchObject({ queuedWrites: 5, leases: 5 })
  await Promise.all(writes)
  expect(databases.stats()).toMatchObject({ queuedWrites: 0, leases: 0, writes: 6 })
})

test('the status says which journal a database has, how large it is, and that it is sound', async () => {
  await using test = openTestDatabases()
  await test.databases.gateway.sessions.create(session)
  const [status] = test.databases.status()
  expect(status).toMatchObject({ name: 'gateway', file: test.file, journalMode: 'wal', damage: undefined, lastCheck: undefined })
  expect(status!.bytes).toBeGreaterThan(0)
  expect(status!.walBytes).toBeGreaterThan(0)
})

/** How each descriptor of this process on a file may be used. */
function accessModesOf(file: string): readonly string[] {
  return readdirSync('/proc/self/fd')
    .filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === file
      } catch {
        return false
      }
    })
    .map((fd) => Number.parseInt(/flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))![1]!, 8) & 3)
    .map((mode) => (mode === 0 ? 'read-only' : 'writable'))
}
