import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { deepHealthSchema, handlesReportSchema } from '@talaria/core/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway, type RunningGateway } from './running-gateway.ts'
import { talaria } from './talaria.ts'

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway?.[Symbol.asyncDispose]())

const modelsWith = (key: string) => fetch(`${gateway.url}/v1/models`, { headers: { Authorization: `Bearer ${key}` } })

// A command is a process of its own, a second or more on a busy machine.
describe('with a gateway that runs', { timeout: 60_000 }, () => {
  test('status says so, with its process and its platforms', async () => {
    const { code, stdout } = await gateway.talaria('status')
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^gateway: running, process ${gateway.process.pid}, for \\d+`))
    expect(stdout).toMatch(/^api_server +connected$/m)
    const json = JSON.parse((await gateway.talaria('status', '--json')).stdout)
    expect(json).toMatchObject({
      running: true,
      url: gateway.url,
      process: { pid: gateway.process.pid },
      platforms: expect.arrayContaining([expect.objectContaining({ name: 'api_server', state: 'connected' })]),
    })
  })

  test('handles names the holder of every open database', async () => {
    const { code, stdout, stderr } = await gateway.talaria('handles')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^gateway \\(process ${gateway.process.pid}\\): \\d+ files open of \\d+ allowed, ok\n5 of them databases`))
    for (const role of ['reader', 'writer']) expect(stdout).toMatch(new RegExp(`^${join(gateway.home, 'gateway.db')} +${role} +\\d`, 'm'))
    expect(stdout).toMatch(/^socket +\d+$/m)
    const [report] = JSON.parse((await gateway.talaria('handles', '--json')).stdout)
    expect(handlesReportSchema.parse(report).handles).toHaveLength(2)
  })

  test('doctor tries everything, and is content', async () => {
    const { code, stdout } = await gateway.talaria('doctor')
    expect(code).toBe(0)
    for (const check of ['session store', 'write', 'integrity', 'disk', 'platforms', 'descriptors'])
      expect(stdout).toMatch(new RegExp(`^${check} +(ok|degraded) `, 'm'))
    expect(deepHealthSchema.parse(JSON.parse((await gateway.talaria('doctor', '--json')).stdout)).status).not.toBe('failed')
  })

  test('keys are made, shown once, listed without being shown, and end when they are revoked', async () => {
    const made = await gateway.talaria('keys', 'create', 'open webui', '--scope', 'read')
    expect(made.code).toBe(0)
    expect(made.stderr).toContain("Key 'open webui' may read.")
    const key = made.stdout.trim()
    expect((await modelsWith(key)).status).toBe(200)

    const service = JSON.parse((await gateway.talaria('keys', 'create', 'portal', '--service', '--scope', 'chat', 'read', '--json')).stdout)
    expect(service).toMatchObject({ name: 'portal', service: true, scopes: ['chat', 'read'], key: expect.any(String) })

    const listed = await gateway.talaria('keys', 'list')
    expect(listed.stdout).toMatch(/^open webui +read +\d+ s ago +\d+ s ago +in use$/m)
    expect(listed.stdout).toMatch(/^portal +chat,read +yes +\d+ s ago +never +in use$/m)
    const { stdout: json } = await gateway.talaria('keys', 'list', '--json')
    expect(JSON.parse(json)).toHaveLength(2)
    for (const secret of [key, service.key, gateway.key]) expect(listed.stdout + json).not.toContain(secret)

    expect(await gateway.talaria('keys', 'revoke', 'open webui')).toMatchObject({ code: 0, stdout: "Key 'open webui' is revoked.\n" })
    expect((await modelsWith(key)).status).toBe(401)
    expect((await gateway.talaria('keys', 'list')).stdout).toMatch(/^open webui .*revoked \d+ s ago$/m)
  })

  test('what the gateway refuses is said as it says it', async () => {
    await gateway.talaria('keys', 'create', 'twice')
    expect(await gateway.talaria('keys', 'create', 'twice')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/refused \(409\).*in use/) })
    expect(await gateway.talaria('keys', 'revoke', 'nobody')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/refused \(404\).*nobody/) })
  })

  test('backup copies the database while it is in use; a name is taken once', async () => {
    const { code, stdout } = await gateway.talaria('backup', '--name', 'first.db')
    const file = join(gateway.home, 'backups', 'first.db')
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Backed up to ${file}, checked and sound.\n` })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await gateway.talaria('backup', '--name', 'first.db')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('first.db') })
    expect((await gateway.talaria('backup')).stdout).toMatch(/gateway-\d{4}-\d\d-\d\dT[\d-]+Z\.db, checked and sound/)
    expect(readdirSync(join(gateway.home, 'backups')).filter((name) => !name.endsWith('.db'))).toEqual([])
  })

  test('a name that leads out of the folder for backups is not taken', async () => {
    expect(await gateway.talaria('backup', '--name', '../escaped.db')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('file name') })
    expect(existsSync(join(gateway.home, 'escaped.db'))).toBe(false)
  })

  test('restore refuses to take the database away under it', async () => {
    await gateway.talaria('backup', '--name', 'while-running.db')
    const { code, stdout, stderr } = await gateway.talaria('restore', 'while-running.db')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/stop|in use|open/i)
    expect((await modelsWith(gateway.key)).status).toBe(200)
  })
})

describe('with a gateway that does not know our key', { timeout: 60_000 }, () => {
  const wrong = { API_SERVER_KEY: 'another-key-altogether-0123456789' }

  test('status says that it runs, and why it tells nothing', async () => {
    const said = await talaria(gateway.home, ['status'], { API_SERVER_PORT: new URL(gateway.url).port, ...wrong })
    expect(said).toMatchObject({ code: 0, stdout: expect.stringMatching(/running, but it does not say how it is: .*refused \(401\)/) })
  })

  test('everything else is refused, and neither key is shown', async () => {
    const commands = [['handles'], ['doctor'], ['keys', 'list'], ['backup']]
    const answers = await Promise.all(commands.map((args) => talaria(gateway.home, args, { API_SERVER_PORT: new URL(gateway.url).port, ...wrong })))
    for (const { code, stdout, stderr } of answers) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain('refused (401)')
      for (const secret of [wrong.API_SERVER_KEY, gateway.key]) expect(stderr).not.toContain(secret)
    }
  })
})
