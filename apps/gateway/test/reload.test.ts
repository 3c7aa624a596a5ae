import { readFileSync, writeFileSync } from 'node:fs'
import { until } from '@talaria/core/testing'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { ask, KEY, startConnected } from './gateway-process.ts'

test(
  'settings are read again on SIGHUP and on request: what can change does, what cannot is named, what is wrong changes nothing',
  { timeout: 60_000 },
  async () => {
    using home = temporaryHome()
    const write = (env: string, yaml = '') => {
      writeFileSync(home.file('.env'), `API_SERVER_KEY=${KEY}\n${env}`)
      writeFileSync(home.file('config.yaml'), yaml)
    }
    const reload = async (url: string) => {
      const response = await ask(url, '/api/reload', {})
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    }
    const models = async (url: string) => ((await (await ask(url, '/v1/models')).json()) as { data: { id: string }[] }).data.map(({ id }) => id)
    const platform = async (url: string, name: string) =>
      (await (await ask(url, `/api/platforms/${name}`)).json()) as { state: string; reason: string; attempts: number }
    write('TALARIA_LOG_FILE=logs/gateway.log\n')
    const { process, url } = await startConnected(home.path)
    await using _process = process
    const idle = process.descriptors().length

    write(
      'TALARIA_LOG_FILE=logs/gateway.log\nTALARIA_LOG_LEVEL=debug\nTALARIA_MODEL_ALIASES=quick=scripted\nIRC_SERVER=127.0.0.1\nIRC_PORT=1\nIRC_NICKNAME=tally\nIRC_CHANNEL=#x\n',
      'gateway:\n  api_server:\n    port: 7777\n',
    )
    expect(await reload(url)).toMatchObject({
      status: 200,
      body: {
        object: 'talaria.reload',
        changed: expect.arrayContaining(['TALARIA_LOG_LEVEL', 'TALARIA_MODEL_ALIASES', 'IRC_SERVER']),
        reconnecting: ['irc'],
        needsRestart: [],
      },
    })
    expect(await models(url)).toEqual(['talaria', 'quick'])
    await until('irc tries', 10_000, async () => (await platform(url, 'irc')).attempts > 0)

    write('TALARIA_LOG_FILE=logs/other.log\nTALARIA_LOG_LEVEL=loud\nTALARIA_MODEL_ALIASES=\n', 'gateway:\n  prot: 1\n')
    const refused = await reload(url)
    expect(refused).toMatchObject({ status: 409, body: { error: { code: 'settings_invalid' } } })
    for (const name of ['TALARIA_LOG_LEVEL', 'gateway.prot']) expect(JSON.stringify(refused.body)).toContain(name)
    expect(JSON.stringify(refused.body)).not.toContain(KEY)
    write('TALARIA_MODEL=nonsense\nTALARIA_MODEL_ALIASES=\n')
    expect(await reload(url)).toMatchObject({ status: 409, body: { error: { message: expect.stringContaining('nonsense') } } })
    expect(await models(url)).toEqual(['talaria', 'quick'])
    expect((await platform(url, 'irc')).state).toMatch(/backing_off|connecting/)

    write('TALARIA_LOG_FILE=logs/other.log\n')
    process.signal('SIGHUP')
    await process.logs('Only in force after a restart: TALARIA_LOG_FILE.')
    expect(await models(url)).toEqual(['talaria'])
    expect(await platform(url, 'irc')).toMatchObject({ state: 'not_configured', reason: expect.stringContaining('IRC_SERVER') })
    await until('nothing more is open than before', 10_000, () => process.descriptors().length <= idle + 2)
    expect(process.descriptors().filter((target) => target.startsWith(home.file('logs')))).toEqual([home.file('logs/gateway.log')])
    expect(await process.stop()).toBe(0)
    expect(readFileSync(home.file('logs/gateway.log'), 'utf8')).toBe(process.stderr)
  },
)
