import { once } from 'node:events'
import { connect } from 'node:net'
import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../log.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { startHttpServer } from './http-server.ts'
import { sseResponse } from './sse-response.ts'

const BIG = `data: ${'x'.repeat(100_000)}\n\n`

/** A server whose only answer are these frames, and a raw client that has asked for it. */
async function streamOf(frames: AsyncGenerator<string>) {
  const clock = new FakeClock()
  const seen = { left: 0, bodies: 0, heard: '' }
  const app = new Hono().get('/', () => {
    const response = sseResponse(frames, { clock, keepAliveMs: 1_000, headers: { 'X-Run': 'r' }, onCancel: () => (seen.left += 1) })
    const { getReader } = response.body!
    response.body!.getReader = ((...args: []) => ((seen.bodies += 1), getReader.apply(response.body!, args))) as typeof getReader
    return response
  })
  const server = await startHttpServer({ fetch: app.fetch, host: '127.0.0.1', port: 0, settings: { host: 'HOST', port: 'PORT' }, log: silentLog, graceMs: 100 })
  const socket = connect(server.port, '127.0.0.1')
  onTestFinished(async () => {
    socket.destroy()
    await server[Symbol.asyncDispose]()
  })
  socket.setEncoding('utf8').on('data', (text: string) => (seen.heard += text))
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  return { clock, seen, socket }
}

test('our server sends the frames of a stream itself, with its headers and its end, and makes no body of them', async () => {
  async function* frames() {
    yield 'data: 1\n\n'
    yield ''
    yield 'data: zwölf\n\n'
  }
  const { seen, clock } = await streamOf(frames())
  await expect.poll(() => seen.heard).toMatch(/\r\n0\r\n\r\n$/)
  expect(seen.heard).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*x-run: r\r\n[^]*data: 1\n\n[^]*data: zwölf\n\n/i)
  expect([seen.bodies, seen.left, clock.sleeping]).toEqual([0, 0, 0])
})

test('the headers of a stream that says nothing yet are sent at once, and a sign of life now and then', async () => {
  const never = Promise.withResolvers<string>()
  async function* frames() {
    yield await never.promise
  }
  const { seen, clock } = await streamOf(frames())
  await expect.poll(() => seen.heard).toContain('text/event-stream')
  await clock.advance(1_000)
  await expect.poll(() => seen.heard).toContain(': keep-alive\n\n')
  never.resolve('data: 1\n\n')
  await expect.poll(() => seen.heard).toContain('data: 1\n\n')
})

test('a client that does not read is not written to beyond what its socket holds, and gets all once it does', async () => {
  let asked = 0
  async function* frames() {
    for (; asked < 400;) {
      asked += 1
      yield BIG
    }
  }
  const { seen, socket } = await streamOf(frames())
  socket.pause()
  await expect.poll(() => asked).toBeGreaterThan(0)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(asked).toBeLessThan(300)
  socket.resume()
  await expect.poll(() => seen.heard.split(BIG).length - 1, { timeout: 10_000 }).toBe(400)
})

test('a client that leaves ends the source, also one that had stopped reading, and is told of once', async () => {
  let isLeft = false
  async function* frames() {
    try {
      for (;;) yield BIG
    } finally {
      isLeft = true
    }
  }
  const { seen, socket, clock } = await streamOf(frames())
  await expect.poll(() => seen.heard.length).toBeGreaterThan(0)
  socket.pause()
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.destroy()
  await expect.poll(() => [seen.left, isLeft, clock.sleeping]).toEqual([1, true, 0])
})

test('a source that fails breaks the connection off, so that its end is not taken for the end of the answer', async () => {
  async function* frames() {
    yield 'data: 1\n\n'
    throw new Error('the disk is full')
  }
  const { seen, socket } = await streamOf(frames())
  await once(socket, 'close')
  expect(seen.heard).not.toMatch(/\r\n0\r\n\r\n$/)
})
