import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { temporaryHome } from '@talaria/db/testing'
import { describe, expect, test } from 'vitest'
import { ask, KEY, startConnected, startProcess } from './gateway-process.ts'

/** Of sysexits.h: something in the configuration; starting again changes nothing. */
const EX_CONFIG = 78

async function endOf(home: string, env: Readonly<Record<string, string>>) {
  await using process = startProcess(home, env)
  return { code: await process.end(), stderr: process.stderr, stdout: process.stdout }
}

describe.concurrent('a gateway that cannot start says what to do, and exits', { timeout: 60_000 }, () => {
  test('with 78 when no platform is enabled, naming what to set', async () => {
    using home = temporaryHome()
    const { code, stderr, stdout } = await endOf(home.path, {})
    expect({ code, stdout }).toEqual({ code: EX_CONFIG, stdout: '' })
    expect(stderr).toContain('API_SERVER_KEY')
    expect(stderr).toContain(home.file('.env'))
  })

  test('with 78 when what could be enabled was switched off', async () => {
    using home = temporaryHome()
    expect(await endOf(home.path, { API_SERVER_KEY: KEY, API_SERVER_ENABLED: 'false' })).toMatchObject({
      code: EX_CONFIG,
      stderr: expect.stringContaining('API_SERVER_ENABLED'),
    })
  })

  test('with 78 when settings are wrong, naming every one of them at once and no secret', async () => {
    using home = temporaryHome()
    writeFileSync(home.file('config.yaml'), 'gateway:\n  api_server:\n    max_concurrent_runs: many\n    prot: 8642\n')
    writeFileSync(home.file('.env'), 'TALARIA_MODEL_MAX_ATTEMPTS=0\n')
    const { code, stderr } = await endOf(home.path, { API_SERVER_KEY: KEY, API_SERVER_PORT: '99999', TALARIA_LOG_LEVEL: 'loud' })
    expect(code).toBe(EX_CONFIG)
    for (const name of ['API_SERVER_PORT', 'TALARIA_LOG_LEVEL', 'TALARIA_MODEL_MAX_ATTEMPTS', 'max_concurrent_runs', 'gateway.api_server.prot'])
      expect(stderr).toContain(name)
    expect(stderr).not.toContain(KEY)
    expect(stderr).not.toContain('    at ')
  })

  test('with 78 when the model is none that there is', async () => {
    using home = temporaryHome()
    expect(await endOf(home.path, { API_SERVER_KEY: KEY, TALARIA_MODEL: 'nonsense' })).toMatchObject({
      code: EX_CONFIG,
      stderr: expect.stringContaining('nonsense'),
    })
  })

  test('with 1 when the port is in use, in one sentence that names the setting', async () => {
    using home = temporaryHome()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const { code, stderr } = await endOf(home.path, { API_SERVER_KEY: KEY, API_SERVER_PORT: String(port) })
    taken.close()
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(new RegExp(`Port ${port} .*API_SERVER_PORT`))
  })

  test('with 1 when the home is no folder that it can write to', async () => {
    using home = temporaryHome()
    writeFileSync(home.file('a-file'), '')
    const { code, stderr } = await endOf(home.path, { API_SERVER_KEY: KEY, TALARIA_HOME: home.file('a-file') })
    expect(code === 1 || code === EX_CONFIG).toBe(true)
    expect(stderr).toContain(home.file('a-file'))
  })
})

/** @see hermes-agent #36111: a platform without its key was built all the same, and leaked a store with every retry. */
describe.concurrent('a gateway whose API server was asked for but has no key (I-1)', { timeout: 60_000 }, () => {
  test('runs, says why, answers 503 with the name of the variable, and opens nothing more however often it is asked', async () => {
    using home = temporaryHome()
    await using process = startProcess(home.path, { API_SERVER_ENABLED: 'true' })
    const url = await process.url()
    await process.logs('API_SERVER_KEY')
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'ok' })
    const before = process.descriptors().filter((target) => target.startsWith('/')).length
    for (let times = 0; times < 50; times++) {
      const response = await fetch(`${url}/v1/models`, { headers: { Authorization: 'Bearer anything' } })
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({ error: { code: 'api_server_not_ready', message: expect.stringContaining('API_SERVER_KEY') } })
    }
    expect(process.descriptors().filter((target) => target.startsWith('/')).length).toBeLessThanOrEqual(Math.max(before, 7))
    expect(process.stderr).not.toContain('trying again')
    expect(await process.stop()).toBe(0)
  })

  test('does the same when the key is a placeholder', async () => {
    using home = temporaryHome()
    await using process = startProcess(home.path, { API_SERVER_KEY: 'changeme' })
    const response = await fetch(`${await process.url()}/v1/models`, { headers: { Authorization: 'Bearer changeme' } })
    expect(response.status).toBe(503)
    expect(process.stderr).not.toContain('changeme')
  })
})

test('the key alone enables the API server', async () => {
  using home = temporaryHome()
  const { process, url } = await startConnected(home.path)
  await using _process = process
  expect(await (await ask(url, '/status')).json()).toMatchObject({
    status: 'running',
    platforms: expect.arrayContaining([expect.objectContaining({ name: 'api_server', state: 'connected', reason: null })]),
  })
  expect((await ask(url, '/v1/models')).status).toBe(200)
})

test('a home that does not exist yet is made, and is nobody else’s to read', async () => {
  using parent = temporaryHome()
  const { process, url } = await startConnected(parent.path, { TALARIA_HOME: parent.file('deep/er') })
  await using _process = process
  expect((await ask(url, '/v1/chat/completions', { messages: [{ role: 'user', content: 'hi' }] })).status).toBe(200)
  expect(process.descriptors()).toContain(parent.file('deep/er/gateway.db'))
})
