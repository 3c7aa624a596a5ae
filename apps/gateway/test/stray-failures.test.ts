import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { until } from '@talaria/core/testing'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { ask, startConnected } from './gateway-process.ts'

const ROGUE = new URL('./rogue-socket.ts', import.meta.url).href

test(
  'failures that nobody caught: those of a platform are counted as its own and it connects anew; one of ours ends the gateway in order',
  { timeout: 60_000 },
  async () => {
    using home = temporaryHome()
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const port = String((silent.address() as AddressInfo).port)
    const env = {
      NODE_OPTIONS: `--import=${ROGUE}`,
      ROGUE_PORT: port,
      IRC_SERVER: '127.0.0.1',
      IRC_PORT: port,
      IRC_NICKNAME: 'tally',
      IRC_CHANNEL: '#x',
      IRC_USE_TLS: 'false',
    }
    try {
      const { process, url } = await startConnected(home.path, env)
      await using _process = process
      await process.logs('The library of a platform has let this rejection go: a rejection of the library')
      await process.logs('The library of a platform has let this exception go: an exception of the library')
      const said = process.stderr.split('\n').find((line) => line.includes('let this exception go'))
      expect(JSON.parse(said!)).toMatchObject({ level: 50, platform: 'irc', kind: 'exception', err: { stack: expect.stringContaining('rogue-socket') } })
      await until('irc connects anew', 20_000, async () => ((await (await ask(url, '/api/platforms/irc')).json()) as { attempts: number }).attempts > 1)
      const metrics = await (await ask(url, '/metrics')).text()
      expect(metrics).toMatch(/stray_failures_total\{.*platform="irc".*kind="rejection".*\} [1-9]/)
      expect(metrics).toMatch(/stray_failures_total\{.*platform="irc".*kind="exception".*\} [1-9]/)
      expect((await ask(url, '/v1/models')).status).toBe(200)

      const answer = ask(url, '/v1/responses', { input: '!pause 500ms\n!say the end of it' })
      await until(
        'it is being answered',
        10_000,
        async () => ((await (await ask(url, '/v1/runs?status=running')).json()) as { data: unknown[] }).data.length === 1,
      )
      process.signal('SIGUSR2')
      process.signal('SIGUSR2')
      expect(JSON.stringify(await (await answer).json())).toContain('the end of it')
      expect(await process.end()).toBe(1)
      expect(process.stderr).toMatch(/"level":60.*Nobody caught this exception, and it comes from no platform: a mistake of ours/)
      expect(process.stderr).not.toContain('exiting at once')
    } finally {
      silent.close()
    }
  },
)
