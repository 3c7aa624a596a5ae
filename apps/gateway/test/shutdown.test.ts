import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '@talaria/core/testing'
import { startChild, temporaryHome } from '@talaria/db/testing'
import { describe, expect, test } from 'vitest'
import { ask, KEY, startConnected, startProcess } from './gateway-process.ts'

// Each has a gateway and a home of its own, and most of it is waiting.
describe.concurrent('a gateway that is asked to end', { timeout: 60_000 }, () => {
  test('while it starts and another process holds the lock of the database ends in time', async () => {
    using home = temporaryHome()
    {
      const { process } = await startConnected(home.path)
      expect(await process.stop()).toBe(0)
    }
    await using holder = startChild('hold-lock', [home.file('gateway.db'), '60000'])
    await holder.printed('locked')
    await using process = startProcess(home.path, { API_SERVER_KEY: KEY, TALARIA_SHUTDOWN_GRACE: '1s' })
    await process.url()
    const asked = performance.now()
    expect(await process.stop()).toBe(1)
    expect(performance.now() - asked).toBeLessThan(25_000)
    expect(process.stderr).toContain('The shutdown has taken too long')
  })

  test.for(['SIGTERM', 'SIGINT'] as const)('by %s exits with 0, leaves no process and folds its log into the database', async (signal) => {
    using home = temporaryHome()
    const { process, url } = await startConnected(home.path)
    await using _process = process
    expect((await ask(url, '/v1/responses', { input: '!say stored' })).status).toBe(200)
    expect(await process.stop(signal)).toBe(0)
    expect(processesOf(home.path)).toEqual([])
    expect(existsSync(home.file('gateway.db-wal'))).toBe(false)
    expect(process.stderr).not.toMatch(/"level":[56]0/)
  })

  test('lets runs come to their end within the grace period, and takes no new ones', async () => {
    using home = temporaryHome()
    const { process, url } = await startConnected(home.path)
    await using _process = process
    const stream = await ask(url, '/v1/chat/completions', { messages: [{ role: 'user', content: '!stream 20 chunks every 50ms word{n} ' }], stream: true })
    process.signal('SIGTERM')
    await process.logs('shutting down')
    await expect(ask(url, '/v1/models')).rejects.toThrow('fetch failed')
    const said = await stream.text()
    expect(said).toContain('word20')
    expect(said).toMatch(/"finish_reason":"stop".*\n\ndata: \[DONE\]\n\n$/s)
    expect(await process.end()).toBe(0)
  })

  test('gives every stream a terminal event when the grace period is over, and the runs say that they were interrupted', async () => {
    using home = temporaryHome()
    const { process, url } = await startConnected(home.path, { TALARIA_SHUTDOWN_GRACE: '200ms' })
    await using _process = process
    const hang = '!say begun\n!hang'
    const run = (await (await ask(url, '/v1/runs', { input: hang })).json()) as { run_id: string }
    const streams = await Promise.all([
      ask(url, '/v1/chat/completions', { messages: [{ role: 'user', content: hang }], stream: true }),
      ask(url, '/v1/responses', { input: hang, stream: true }),
      ask(url, `/v1/runs/${run.run_id}/events`),
    ])
    const texts = Promise.all(streams.map((stream) => stream.text()))
    await until('all three have begun', 10_000, async () => {
      const runs = (await (await ask(url, '/v1/runs?status=running')).json()) as { data: unknown[] }
      return runs.data.length === 3
    })
    expect(await process.stop()).toBe(0)
    const [chat, response, events] = await texts
    expect(chat).toMatch(/"code":"gateway_shutdown".*\n\ndata: \[DONE\]\n\n$/s)
    expect(response).toMatch(/event: response\.failed\n.*gateway_shutdown.*\n\ndata: \[DONE\]\n\n$/s)
    expect(events).toMatch(/"event":"run\.interrupted"/)

    const again = await startConnected(home.path)
    await using _again = again.process
    const { data } = (await (await ask(again.url, '/v1/runs')).json()) as { data: { status: string; output: string }[] }
    expect(data.map(({ status, output }) => [status, output.trim()])).toEqual(Array.from({ length: 3 }, () => ['interrupted', 'begun']))
  })

  test('answers what was on its way with 503, for another gateway to take', async () => {
    using home = temporaryHome()
    const { process, url } = await startConnected(home.path)
    await using _process = process
    const body = JSON.stringify({ input: 'too late' })
    const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json', 'Content-Length': body.length }
    const outgoing = request(`${url}/v1/runs`, { method: 'POST', headers })
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
    outgoing.write(body.slice(0, 5))
    await until('the request is being read', 10_000, () => process.descriptors().filter((target) => target.startsWith('socket:')).length > 3)
    await ask(url, '/v1/runs', { input: '!pause 300ms\n!say x' })
    process.signal('SIGTERM')
    await process.logs('shutting down')
    outgoing.end(body.slice(5))
    const [response] = await answered
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5'])
    expect(JSON.parse(await text(response))).toMatchObject({ error: { code: 'gateway_draining' } })
    expect(await process.end()).toBe(0)
  })

  test('twice exits with 1 at once, and the next start settles what was left', async () => {
    using home = temporaryHome()
    const { process, url } = await startConnected(home.path, { TALARIA_SHUTDOWN_GRACE: '10m' })
    await using _process = process
    await ask(url, '/v1/runs', { input: '!say begun\n!hang' })
    process.signal('SIGTERM')
    await process.logs('A second signal exits at once')
    expect(await process.stop()).toBe(1)

    const again = await startConnected(home.path)
    await using _again = again.process
    await until('the run is settled', 10_000, async () => {
      const { data } = (await (await ask(again.url, '/v1/runs')).json()) as { data: { status: string }[] }
      return data[0]?.status === 'interrupted'
    })
  })
})

describe.concurrent('a gateway that is asked to end while it starts', { timeout: 60_000 }, () => {
  test('ends, at whatever moment, and leaves a home that works', async () => {
    using home = temporaryHome()
    for (const afterMs of [0, 100, 200, 300, 400, 500, 600, 800]) {
      await using process = startProcess(home.path, { API_SERVER_KEY: KEY })
      await sleep(afterMs)
      // Before it listens for signals it ends by the signal; from then on it ends in order.
      expect(['SIGTERM', 0]).toContain(await process.stop())
    }
    await using listening = startProcess(home.path, { API_SERVER_KEY: KEY })
    await listening.url()
    expect(await listening.stop()).toBe(0)
    expect(processesOf(home.path)).toEqual([])

    const { process, url } = await startConnected(home.path)
    await using _process = process
    expect((await ask(url, '/v1/responses', { input: 'hi' })).status).toBe(200)
  })
})

/** The processes of this machine that have this home. */
function processesOf(home: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`TALARIA_HOME=${home}`)
    } catch {
      return false // it ended while we looked
    }
  })
}
