import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLog, systemClock as clock } from '@talaria/core'
import { openDatabases } from '@talaria/db'
import { temporaryHome } from '@talaria/db/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { startGateway } from './running-gateway.ts'
import { talaria } from './talaria.ts'

const KEY = { API_SERVER_KEY: 'a-key-for-a-gateway-that-is-not-there' }
let nobody: { API_SERVER_PORT: string }
beforeAll(async () => {
  nobody = { API_SERVER_PORT: await portOfNobody() }
})

// A command is a process: most of the time here is its start.
describe.concurrent('without a gateway', { timeout: 60_000 }, () => {
  test('status says so, and what the settings would make of it', async () => {
    using home = temporaryHome()
    const ready = await talaria(home.path, ['status'], { ...KEY, ...nobody })
    expect(ready).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^gateway: not running \(http:\/\/127\.0\.0\.1:\d+\)\n[^]*^api_server +stopped$/m),
    })
    const unset = JSON.parse((await talaria(home.path, ['status', '--json'], nobody)).stdout)
    expect(unset).toMatchObject({
      running: false,
      platforms: expect.arrayContaining([
        expect.objectContaining({ name: 'api_server', state: 'not_configured', reason: expect.stringContaining('API_SERVER_KEY') }),
      ]),
    })
    expect(readdirSync(home.path)).toEqual([])
  })

  test('what needs one says how to start it', async () => {
    using home = temporaryHome()
    for (const args of [['handles'], ['doctor'], ['keys', 'list'], ['keys', 'create', 'x'], ['keys', 'revoke', 'x']]) {
      const { code, stdout, stderr } = await talaria(home.path, args, { ...KEY, ...nobody })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/does not run at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\).*pnpm gateway/)
    }
    expect(await talaria(home.path, ['handles', '--json'], { ...KEY, ...nobody })).toMatchObject({ code: 1, stdout: '[]\n' })
  })

  test('what needs a key names the variable', async () => {
    using home = temporaryHome()
    expect(await talaria(home.path, ['keys', 'list'], nobody)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('API_SERVER_KEY is not set'),
    })
  })

  test('a backup of nothing is refused, and makes nothing', async () => {
    using home = temporaryHome()
    expect(await talaria(home.path, ['backup'], { ...KEY, ...nobody })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('nothing to back up'),
    })
    expect(readdirSync(home.path)).toEqual([])
  })

  test('a restore of what is not there, or is no database, is refused', async () => {
    using home = temporaryHome()
    writeFileSync(home.file('notes.txt'), 'no database, but long enough to be looked at '.repeat(100))
    expect(await talaria(home.path, ['restore', 'nowhere.db'], nobody)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('nowhere.db') })
    expect(await talaria(home.path, ['restore', home.file('notes.txt')], nobody)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('notes.txt'),
    })
    expect(existsSync(home.file('gateway.db'))).toBe(false)
  })

  test('what was backed up after the gateway stopped is there again when it is restored', async () => {
    await using gateway = await startGateway()
    const headers = { Authorization: `Bearer ${gateway.key}`, 'Content-Type': 'application/json' }
    const { id } = (await (await fetch(`${gateway.url}/v1/responses`, { method: 'POST', headers, body: '{"input":"!say remember me"}' })).json()) as {
      id: string
    }
    expect(await gateway.process.stop()).toBe(0)
    expect(await gateway.talaria('backup', '--name', 'stopped.db')).toMatchObject({ code: 0, stdout: expect.stringContaining('stopped.db, checked and sound') })
    const restored = await gateway.talaria('restore', 'stopped.db')
    expect(restored).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Restored .*gateway\.db from .*stopped\.db, checked and sound\.\nWhat was there before is now /),
    })
    await using databases = openDatabases({ service: 'gateway', locations: { gateway: { file: `${gateway.home}/gateway.db` } }, clock, log: silentLog })
    expect(await databases.gateway.responses.get(id, { all: true })).toMatchObject({ id, status: 'completed' })
  })
})

describe.concurrent('with something else in its place', { timeout: 60_000 }, () => {
  test('another program on that port is not taken for a gateway', async () => {
    using home = temporaryHome()
    const other = createServer((_, response) => response.end('<html>hello</html>')).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const port = String((other.address() as AddressInfo).port)
    const status = await talaria(home.path, ['status'], { ...KEY, API_SERVER_PORT: port })
    const handles = await talaria(home.path, ['handles'], { ...KEY, API_SERVER_PORT: port })
    other.close()
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('gateway: not running') })
    expect(handles).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('is not the gateway') })
  })

  test('settings that are wrong are all named, with 78, as services have it', async () => {
    using home = temporaryHome()
    const { code, stdout, stderr } = await talaria(home.path, ['status'], { API_SERVER_PORT: 'many', TALARIA_LOG_LEVEL: 'loud' })
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    for (const name of ['API_SERVER_PORT', 'TALARIA_LOG_LEVEL']) expect(stderr).toContain(name)
  })
})

describe.concurrent('what is typed', { timeout: 60_000 }, () => {
  test.for([
    [['nonsense'], 'unknown command'],
    [['status', '--loud'], 'unknown option'],
    [['keys', 'create'], 'missing required argument'],
    [['keys', 'create', 'x', '--scope', 'everything'], 'read, chat, admin'],
    [['restore'], 'missing required argument'],
    [['status', 'too', 'many'], 'too many arguments'],
  ] as const)('%s is answered with what is wrong with it, and 2', async ([args, words]) => {
    using home = temporaryHome()
    const { code, stdout, stderr } = await talaria(home.path, args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(words)
  })

  test('--help and --version are answers', async () => {
    using home = temporaryHome()
    expect(await talaria(home.path, ['--help'])).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Examples:') })
    expect(await talaria(home.path, ['keys', 'create', '--help'])).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('--scope') })
    expect(await talaria(home.path, ['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  test('settings lists what can be set, as text and as JSON, whatever is set', async () => {
    using home = temporaryHome()
    const { code, stdout } = await talaria(home.path, ['settings'], { API_SERVER_PORT: 'nonsense', ...KEY })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^API_SERVER_KEY/m)
    expect(stdout).not.toContain(KEY.API_SERVER_KEY)
    const rows = JSON.parse((await talaria(home.path, ['settings', '--json'])).stdout) as { env: string }[]
    expect(rows.map(({ env }) => env)).toContain('TALARIA_MODEL')
  })
})

/** A port that had been given to us a moment ago, and has nobody now. */
async function portOfNobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return String(port)
}
