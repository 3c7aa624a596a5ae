import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@talaria/core'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { openHttpClient } from './http-client.ts'
import { startFakeProvider } from './testing/index.ts'

const post = (body = '{"model":"m"}') => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body })

async function parts(options: { readonly connectMs?: number; readonly idleSocketMs?: number } = {}) {
  const provider = await startFakeProvider()
  const client = openHttpClient({ clock: systemClock, connectMs: 1_000, ...options })
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]()
    await provider[Symbol.asyncDispose]()
  })
  return { provider, client, url: `${provider.url}/chat/completions` }
}

/** States of the TCP connections to this port (Linux); 06 is TIME_WAIT, which belongs to the kernel. */
function tcpStates(port: number): readonly string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((row) => row[2]?.endsWith(`:${hex}`) && row[3] !== '06')
    .map((row) => row[3]!)
}

afterEach(() => {
  vi.restoreAllMocks()
})

test('a connection is used again', async () => {
  const { provider, client, url } = await parts()
  for (let i = 0; i < 5; i++) await (await client.fetch(url, post())).text()
  expect(provider.connections).toBe(1)
})

test('opening a client connects to nothing', async () => {
  const { client } = await parts()
  expect(client.openSockets).toBe(0)
})

test('disposing leaves no socket, neither idle nor in the middle of an answer', async () => {
  const { provider, client, url } = await parts()
  await (await client.fetch(url, post())).text()
  provider.queue({ text: ['a'], stallAfter: 1 }, { headersDelayMs: 60_000 })
  const [reading, waiting] = [client.fetch(url, post()).then((response) => response.text()), client.fetch(url, post())]
  const ends = Promise.allSettled([reading, waiting])
  await vi.waitFor(() => expect(provider.openConnections).toBe(2))

  await client[Symbol.asyncDispose]()

  expect(client.openSockets).toBe(0)
  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await vi.waitFor(() => expect(tcpStates(provider.port)).toEqual([]))
})

test('disposing twice is once, and no request is taken after it', async () => {
  const { client, url } = await parts()
  await client[Symbol.asyncDispose]()
  await client[Symbol.asyncDispose]()
  await expect(client.fetch(url, post())).rejects.toMatchObject({ code: 'agent_closed' })
})

test('a connection that is idle for long is closed without anybody asking', async () => {
  const { provider, client, url } = await parts({ idleSocketMs: 300 })
  await (await client.fetch(url, post())).text()
  expect(client.openSockets).toBe(1)
  await vi.waitFor(() => expect(client.openSockets).toBe(0))
  await vi.waitFor(() => expect(tcpStates(provider.port)).toEqual([]))
})

test('an answer that pauses for longer than that is not cut', async () => {
  const { provider, client, url } = await parts({ idleSocketMs: 50 })
  provider.queue({ text: ['late'], firstTokenDelayMs: 200 })
  expect(await (await client.fetch(url, post())).text()).toContain('late')
})

test('aborting closes the connection and rejects with the reason, before the headers and in the middle', async () => {
  const { provider, client, url } = await parts()
  for (const answer of [{ headersDelayMs: 60_000 }, { text: ['a'], stallAfter: 1 }]) {
    provider.queue(answer)
    const controller = new AbortController()
    const reading = client.fetch(url, { ...post(), signal: controller.signal }).then((response) => response.text())
    const failure = reading.catch((error: unknown) => error)
    await vi.waitFor(() => expect(provider.openConnections).toBe(1))
    await sleep(20)
    controller.abort(new Error('enough'))
    expect(await failure).toBeInstanceOf(Error)
    await vi.waitFor(() => expect(provider.openConnections).toBe(0))
    expect(client.openSockets).toBe(0)
  }
})

test('a signal that outlives its requests keeps no listener of theirs', async () => {
  const { client, url } = await parts()
  const { signal } = new AbortController()
  const added = vi.spyOn(signal, 'addEventListener')
  const removed = vi.spyOn(signal, 'removeEventListener')
  for (let i = 0; i < 20; i++) await (await client.fetch(url, { ...post(), signal })).text()
  await vi.waitFor(() => expect(removed).toHaveBeenCalledTimes(added.mock.calls.length))
})

test('connections that the server closes do not pile up in CLOSE_WAIT (L15)', async () => {
  const { provider, client, url } = await parts()
  provider.queue(...Array.from({ length: 20 }, () => ({ headers: { connection: 'close' } })))
  const controllers = Array.from({ length: 20 }, () => new AbortController())
  // Nobody reads these bodies: the end that the server sends stays unseen until their owner gives them up.
  const responses = await Promise.all(controllers.map(({ signal }) => client.fetch(url, { ...post(), signal })))
  expect(responses).toHaveLength(20)
  for (const controller of controllers) controller.abort(new Error('not interested'))
  await vi.waitFor(() => expect(tcpStates(provider.port)).toEqual([]))
  expect(client.openSockets).toBe(0)
})

test('a server that accepts but never finishes the handshake is given up after connectMs', async () => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => void sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { client } = await parts({ connectMs: 60 })
  await expect(client.fetch(`https://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, post())).rejects.toMatchObject({ code: 'model_connect_timeout' })
  await vi.waitFor(() => expect(client.openSockets).toBe(0))
  for (const socket of sockets) socket.destroy()
})

test('a server that is slow to answer is not taken for one that does not accept', async () => {
  const { provider, client, url } = await parts({ connectMs: 300 })
  provider.queue({ headersDelayMs: 500 })
  expect((await client.fetch(url, post())).status).toBe(200)
})

test('an answer without a body, and one of an error, come as they are', async () => {
  const { provider, client, url } = await parts()
  provider.queue({ status: 503, headers: { 'retry-after': '7' } })
  const response = await client.fetch(url, post())
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7'])
  expect((await client.fetch(`${provider.url}/nothing`)).status).toBe(404)
  await response.text()
})
