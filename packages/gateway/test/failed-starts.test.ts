import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { getActiveResourcesInfo } from 'node:process'
import { fileURLToPath } from 'node:url'
import { homePaths, silentLog, startDescriptorBudget, startEventLoopDelay, systemClock } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import { startHttpServer } from '@talaria/core/http'
import { descriptorsOf, expectSameDescriptors, until } from '@talaria/core/testing'
import { openDatabases } from '@talaria/db'
import { checkForLeaks, temporaryHome, type TemporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { Gateway } from '../src/gateway.ts'
import { gatewaySettings } from '../src/settings.ts'
import { TestAgent } from './test-agent.ts'

checkForLeaks()

const KEY = 'b0a9f3d17c5e2846'
/** Of each way; a few hundred in all where there is less time. */
const STARTS = process.env.TALARIA_TEST_FULL ? 1_000 : 30

interface Case {
  readonly env?: Readonly<Record<string, string>>
  /** Makes the home such that nothing can start in it. */
  readonly prepare?: (home: TemporaryHome) => void | Promise<void>
  readonly expected: { readonly state?: string; readonly reason?: RegExp; readonly throws?: RegExp }
}

/** Every way in which a start fails. */
const CASES: Readonly<Record<string, Case>> = {
  'no key': { env: { API_SERVER_KEY: '', API_SERVER_ENABLED: 'true' }, expected: { state: 'not_configured', reason: /API_SERVER_KEY is not set/ } },
  'a placeholder': { env: { API_SERVER_KEY: 'your-api-key-here' }, expected: { state: 'misconfigured', reason: /placeholder/ } },
  'a key that is too short': { env: { API_SERVER_KEY: 'a1b2c3d4' }, expected: { state: 'misconfigured', reason: /fewer than 16/ } },
  'a folder where the database belongs': { prepare: (home) => mkdirSync(home.file('gateway.db')), expected: { state: 'backing_off', reason: /gateway\.db/ } },
  'a file that is no database': {
    prepare: (home) => writeFileSync(home.file('gateway.db'), 'hello '.repeat(1_000)),
    expected: { state: 'backing_off', reason: /not an SQLite database|damaged/ },
  },
  'a database of a newer version': { prepare: makeNewer, expected: { state: 'backing_off', reason: /was migrated to version 99 by a newer Talaria/ } },
  'somebody else’s database': {
    prepare: (home) => alter(home, 'create table theirs (x)'),
    expected: { state: 'backing_off', reason: /is not a database of Talaria/ },
  },
  'a home that is a file': { prepare: (home) => writeFileSync(home.file('sub'), ''), env: { SUB: 'sub' }, expected: { state: 'backing_off', reason: /./ } },
  'a port in use': { env: { API_SERVER_PORT: 'taken' }, expected: { throws: /Port \d+ on 127\.0\.0\.1 is in use/ } },
}

/** Does something to the database that no store would do. */
function alter(home: TemporaryHome, sql: string): void {
  const script = `const db = new (require('better-sqlite3'))(process.argv[1]); db.exec(process.argv[2]); db.close()`
  execFileSync(process.execPath, ['-e', script, home.file('gateway.db'), sql], { cwd: fileURLToPath(new URL('../../db', import.meta.url)) })
}

async function makeNewer(home: TemporaryHome): Promise<void> {
  {
    await using databases = openDatabases({ service: 'gateway', locations: { gateway: { file: home.file('gateway.db') } }, clock: systemClock, log: silentLog })
    await databases.gateway.sessions.exists('')
  }
  alter(home, 'update schema_version set version = 99')
}

/** One start, as `main` does it, and its end. */
async function start(home: TemporaryHome, { env = {}, expected }: Case, taken: number): Promise<void> {
  const { SUB, ...own } = env
  const paths = homePaths(SUB === undefined ? home.path : home.file(SUB))
  const settings = await loadSettings(gatewaySettings, {
    env: { API_SERVER_KEY: KEY, API_SERVER_PORT: '0', ...own, ...(own['API_SERVER_PORT'] === 'taken' && { API_SERVER_PORT: String(taken) }) },
    home: home.path,
  })
  const clock = systemClock
  const log = silentLog
  await using databases = openDatabases({ service: 'gateway', locations: { gateway: { file: paths.gatewayDb } }, clock, log })
  await using budget = startDescriptorBudget({ clock, log, isDatabase: () => false })
  using eventLoopDelay = startEventLoopDelay({ clock })
  await using gateway = new Gateway({ databases, agent: new TestAgent(), budget, eventLoopDelay, settings, platforms: [], paths, version: '0', clock, log })
  await using _server = await startHttpServer({
    fetch: gateway.fetch,
    host: settings.apiServerHost,
    port: settings.apiServerPort,
    settings: { host: 'API_SERVER_HOST', port: 'API_SERVER_PORT' },
    onDraining: () => gateway.drain(),
    log,
    clock,
  })
  await gateway.start()
  const [status] = gateway.status.platforms
  expect(status).toMatchObject({ state: expected.state })
  expect(status!.reason).toMatch(expected.reason!)
  expect((await gateway.fetch(new Request('http://127.0.0.1/v1/models', { headers: { authorization: `Bearer ${KEY}` } }))).status).toBe(503)
}

async function listen(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** What keeps the process alive, counted by kind. */
const resources = (): Record<string, number> =>
  Object.fromEntries(Object.entries(Object.groupBy(getActiveResourcesInfo(), (type) => type)).map(([type, all]) => [type, all!.length]))

/** Listeners of the process, by event. */
const listeners = () => Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]))

/** @see I-2: failed starts leave 2 descriptors each; the limit is reached after 26 h (PR #37053, issue #37011) */
test.each(Object.entries(CASES))(
  'any number of starts with %s leave descriptors, timers and listeners as they were',
  async (_, one) => {
    using home = temporaryHome()
    await one.prepare?.(home)
    await using other = await listen()
    const { port } = other.address() as AddressInfo
    const startOnce = async () => {
      if (one.expected.throws) await expect(start(home, one, port)).rejects.toThrow(one.expected.throws)
      else await start(home, one, port)
    }
    // What is loaded once, such as libraries, is loaded by the first.
    await startOnce()
    const before = { descriptors: await descriptorsOf(), resources: resources(), listeners: listeners() }
    for (let n = 0; n < STARTS; n++) await startOnce()
    await expectSameDescriptors(before.descriptors)
    expect(listeners()).toEqual(before.listeners)
    const grown = () => Object.entries(resources()).filter(([type, count]) => count > (before.resources[type] ?? 0))
    // The runner of these tests has timers of its own, which come and go.
    await until('no timer and no socket is left', 2_000, () => grown().length === 0)
  },
  300_000,
)
