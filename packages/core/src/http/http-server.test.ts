import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Hono } from 'hono'
import { createLog } from '../log.ts'
import { descriptorsOf, expectSameDescriptors, type Descriptors } from '../testing/descriptors.ts'
import { startHttpServer, type HttpServer, type HttpServerOptions } from './http-server.ts'

let before: Descriptors
const sockets: Socket[] = []
beforeEach(async () => {
  before = await descriptorsOf()
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await expectSameDescriptors(before)
})

const lines: string[] = []
const log = createLog('test', { destination: { write: (line) => lines.push(line) } })

let slowAnswersBegun = 0
const app = new Hono()
  .get('/fast', (c) => c.text('fast'))
  .get('/slow', async (c) => {
    slowAnswersBegun++
    await new Promise((resolve) => setTimeout(resolve, 200))
    return c.text('slow')
  })
  .get('/stream', () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('begin\n')) })))
  .post('/echo', async (c) => c.text(await c.req.text()))
  .onError((error, c) => c.text(error.message, 500))

function start(options: Partial<HttpServerOptions> = {}) {
  return startHttpServer({ fetch: app.fetch, host: '127.0.0.1', port: 0, settings: { host: 'API_SERVER_HOST', port: 'API_SERVER_PORT' }, log, ...options })
}

/** A raw connection, and all it has been told so far. */
async function dial(server: HttpServer, text = '') {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  let heard = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk))
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await once(socket, 'connect')
  if (text) socket.write(text)
  return {
    socket,
    closed,
    heard: () => heard,
    until: async (word: string) => {
      while (!heard.includes(word)) await once(socket, 'data')
    },
  }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

/** A connection on which an answer is under way. */
async function dialSlow(server: HttpServer) {
  const begun = slowAnswersBegun
  const connection = await dial(server, get('/slow'))
  await expect.poll(() => slowAnswersBegun).toBe(begun + 1)
  return connection
}

async function dispose(server: HttpServer) {
  const begin = performance.now()
  await server[Symbol.asyncDispose]()
  return performance.now() - begin
}

test('it tells its real address and answers there', async () => {
  await using server = await start()
  expect(server.port).toBeGreaterThan(0)
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
  expect(await (await fetch(`${server.url}/fast`)).text()).toBe('fast')
  expect(await (await fetch(`${server.url}/echo`, { method: 'POST', body: 'x'.repeat(100_000) })).text()).toHaveLength(100_000)
})

describe('an address it cannot have is an error that names the setting', () => {
  test('a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await expect(start({ port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `Port ${port} on 127.0.0.1 is in use by another program: stop that one, or set API_SERVER_PORT to a free port.`,
    })
    other.close()
  })

  test('a host that is none of this machine', async () => {
    await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'ADDRESS_UNAVAILABLE',
      message: expect.stringContaining('set API_SERVER_HOST') as string,
    })
  })

  test('a thousand attempts leave nothing open', async () => {
    await using server = await start()
    for (let attempt = 0; attempt < 1_000; attempt++) await expect(start({ port: server.port })).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    expect(server.connections).toBe(0)
  })
})

describe('what is no request', () => {
  test.each([
    ['a malformed request line', 'NONSENSE\r\n\r\n', '400'],
    ['a request without Host', 'GET /fast HTTP/1.1\r\n\r\n', '400'],
    ['headers beyond 16 KiB', `GET /fast HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
    ['both a length and chunks', 'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', '400'],
  ])('%s gets an answer and is hung up on', async (_name, text, status) => {
    await using server = await start()
    const { closed, heard } = await dial(server, text)
    await closed
    expect(heard()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })

  test('an impossible Host is refused with our envelope', async () => {
    await using server = await start()
    const { heard, until } = await dial(server, 'GET /fast HTTP/1.1\r\nHost: a b/c\r\n\r\n')
    await until('}}')
    expect(heard()).toMatch(/^HTTP\/1.1 400 /)
    expect(heard()).toContain('"code":"invalid_request"')
  })

  test('an application that throws is 500 with an id that stands in the log, and no detail', async () => {
    await using server = await start({ fetch: () => Promise.reject(new Error('secret detail')) })
    const response = await fetch(server.url)
    const { error } = (await response.json()) as { error: { message: string } }
    expect(response.status).toBe(500)
    expect(error.message).not.toContain('secret detail')
    const [id = 'none'] = /err_\w+/.exec(error.message) ?? []
    expect(lines.find((line) => line.includes(id))).toContain('secret detail')
  })
})

describe('a slow client', () => {
  const impatient = { timeouts: { headersMs: 200, requestMs: 60_000, keepAliveMs: 200, checkEveryMs: 20 } }

  test('that sends its headers byte by byte is hung up on', async () => {
    await using server = await start(impatient)
    const { closed, heard, socket } = await dial(server, 'GET /fast HTTP/1.1\r\n')
    const drip = setInterval(() => socket.write('X'), 20)
    await closed
    clearInterval(drip)
    expect(heard()).toMatch(/^HTTP\/1.1 408 /)
  })

  test('that sends nothing at all is hung up on', async () => {
    await using server = await start(impatient)
    const { closed } = await dial(server)
    await closed
    expect(server.connections).toBe(0)
  })

  test('that sends its body byte by byte is hung up on', async () => {
    await using server = await start({ timeouts: { headersMs: 300, requestMs: 300, checkEveryMs: 20 } })
    const dripping = await dial(server, 'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n')
    const drip = setInterval(() => dripping.socket.write('x'), 20)
    await dripping.closed
    clearInterval(drip)
    expect(server.connections).toBe(0)
  })

  test('that keeps its connection for later may do so for a while', async () => {
    await using server = await start(impatient)
    const { closed, until, heard, socket } = await dial(server, get('/fast'))
    await until('fast')
    socket.write(get('/fast'))
    await closed
    expect(heard().match(/200 OK/g)).toHaveLength(2)
  })

  test('is told that its connection is kept longer than a proxy keeps it', async () => {
    await using server = await start()
    expect((await fetch(`${server.url}/fast`)).headers.get('keep-alive')).toBe('timeout=65')
  })
})

describe('disposing', () => {
  test('with nothing under way it is done at once, though connections are kept or were never used', async () => {
    const server = await start({ graceMs: 30_000 })
    const kept = await dial(server, get('/fast'))
    await kept.until('fast')
    const unused = await dial(server)
    expect(await dispose(server)).toBeLessThan(5_000)
    await Promise.all([kept.closed, unused.closed])
  })

  test('an answer under way is finished, says that the connection ends, and the listener is gone meanwhile', async () => {
    const server = await start({ graceMs: 30_000 })
    const { until, closed, heard } = await dialSlow(server)
    const disposing = dispose(server)
    expect(server.isDraining).toBe(true)
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
    await until('slow')
    expect(await disposing).toBeLessThan(5_000)
    await closed
    expect(heard()).toContain('200 OK')
  })

  test('a request that arrives on an open connection while draining is answered with Connection: close', async () => {
    let finish = () => {}
    const server = await start({ graceMs: 30_000, onDraining: () => new Promise<void>((resolve) => (finish = resolve)) })
    const busy = await dialSlow(server)
    const disposing = dispose(server)
    await busy.until('slow')
    busy.socket.write(get('/fast'))
    await busy.until('fast')
    expect(busy.heard().toLowerCase()).toContain('connection: close')
    finish()
    await disposing
  })

  test('the service is told, ends its own streams, and nothing waits for the grace period', async () => {
    const abort = new AbortController()
    const streams = new Hono().get('/stream', () => {
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('begin\n'))
          abort.signal.addEventListener('abort', () => {
            controller.enqueue(new TextEncoder().encode('terminal event\n'))
            controller.close()
          })
        },
      })
      return new Response(stream)
    })
    const server = await start({ fetch: streams.fetch, graceMs: 30_000, onDraining: () => abort.abort() })
    const { until, heard, closed } = await dial(server, get('/stream'))
    await until('begin')
    expect(await dispose(server)).toBeLessThan(5_000)
    await closed
    expect(heard()).toContain('terminal event')
  })

  test('what has not ended after the grace period is cut, a hook that throws or hangs notwithstanding', async () => {
    for (const onDraining of [() => Promise.reject(new Error('no')), () => new Promise<void>(() => {})]) {
      const server = await start({ graceMs: 200, onDraining })
      const { until, closed } = await dial(server, get('/stream'))
      await until('begin')
      expect(await dispose(server)).toBeGreaterThanOrEqual(199)
      await closed
      await expect.poll(() => server.connections).toBe(0)
    }
    const said = (words: string) => lines.some((line) => line.includes(words))
    expect([said('1 connections had not ended after 200 ms'), said('A service failed to end its streams.')]).toEqual([true, true])
  })

  test('twice is once, and both wait', async () => {
    let told = 0
    const server = await start({ onDraining: () => void told++ })
    const slow = await dialSlow(server)
    await Promise.all([dispose(server), dispose(server)])
    await dispose(server)
    await slow.closed
    expect(told).toBe(1)
  })
})

test('a client that goes away in the middle of a stream leaves nothing behind', async () => {
  await using server = await start()
  for (let round = 0; round < 50; round++) {
    const { until, socket, closed } = await dial(server, get('/stream'))
    await until('begin')
    socket.destroy()
    await closed
  }
  await expect.poll(() => server.connections).toBe(0)
})

test.runIf(process.platform === 'linux')('under ulimit -n 64 a flood of connections is survived, and afterwards it answers again', async () => {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  const code = `
    import { startHttpServer } from ${module('./http-server.ts')}
    import { silentLog } from ${module('../log.ts')}
    const settings = { host: 'API_SERVER_HOST', port: 'API_SERVER_PORT' }
    const server = await startHttpServer({ fetch: () => new Response('fine'), host: '127.0.0.1', port: 0, settings, log: silentLog })
    console.log(server.port)
    process.once('SIGTERM', () => server[Symbol.asyncDispose]().then(() => console.log('closed')))`
  const child = spawn('sh', ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const output = createInterface(child.stdout)[Symbol.asyncIterator]()
  const port = Number((await output.next()).value)
  for (let index = 0; index < 100; index++) {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {})
  }
  await new Promise((resolve) => setTimeout(resolve, 300))
  for (const socket of sockets.splice(0)) socket.destroy()
  await expect
    .poll(() =>
      fetch(`http://127.0.0.1:${port}`).then(
        (response) => response.text(),
        () => 'refused',
      ),
    )
    .toBe('fine')
  child.kill('SIGTERM')
  expect((await output.next()).value).toBe('closed')
  await once(child, 'close')
})

test('at a Unix socket it answers its own user, nobody else may connect, and the path is gone afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'talaria-socket-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'workers.sock')
  const server = await startHttpServer({ fetch: () => new Response('fine'), socket: path, log })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const answer = await new Promise<string>((resolve, reject) => {
    request({ socketPath: path, path: '/' }, (response) => response.setEncoding('utf8').once('data', resolve))
      .once('error', reject)
      .end()
  })
  expect(answer).toBe('fine')
  await server[Symbol.asyncDispose]()
  expect(existsSync(path)).toBe(false)
})
