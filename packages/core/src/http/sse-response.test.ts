import { expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { sseResponse } from './sse-response.ts'

const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve))

/** Frames of which each says that it was asked for. */
function source(count: number) {
  const state = { asked: 0, isLeft: false }
  async function* frames() {
    try {
      for (; state.asked < count;) {
        state.asked += 1
        yield `data: ${state.asked}\n\n`
      }
    } finally {
      state.isLeft = true
    }
  }
  return { state, frames: frames() }
}

test('frames are asked for only as fast as the client takes them', async () => {
  const { state, frames } = source(1_000)
  const reader = sseResponse(frames, { clock: new FakeClock(), keepAliveMs: 30_000 }).body!.getReader()
  for (let n = 0; n < 20; n++) await turnOfTheLoop()
  expect(state.asked).toBeLessThanOrEqual(2)
  for (let n = 0; n < 10; n++) await reader.read()
  await turnOfTheLoop()
  expect(state.asked).toBeLessThanOrEqual(12)
  await reader.cancel()
})

test('a client that leaves ends the source, and is told of once', async () => {
  let left = 0
  const clock = new FakeClock()
  const { state, frames } = source(1_000)
  const reader = sseResponse(frames, { clock, keepAliveMs: 30_000, onCancel: () => (left += 1) }).body!.getReader()
  await reader.read()
  await reader.cancel()
  await turnOfTheLoop()
  expect([left, state.isLeft, clock.sleeping]).toEqual([1, true, 0])
})

test('a client that leaves before the first frame is told of too', async () => {
  let left = 0
  const { frames } = source(1)
  await sseResponse(frames, { clock: systemClock, keepAliveMs: 30_000, onCancel: () => (left += 1) }).body!.cancel()
  expect(left).toBe(1)
})

test('a stream that ends by itself leaves no timer, and nobody has left it', async () => {
  let left = 0
  const clock = new FakeClock()
  const { frames } = source(3)
  expect(await sseResponse(frames, { clock, keepAliveMs: 30_000, onCancel: () => (left += 1) }).text()).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n')
  await turnOfTheLoop()
  expect([left, clock.sleeping]).toEqual([0, 0])
})

test('a source that fails breaks the stream off, so that its end is not taken for the end of the answer', async () => {
  const clock = new FakeClock()
  async function* frames() {
    yield 'data: 1\n\n'
    throw new Error('the disk is full')
  }
  const reader = sseResponse(frames(), { clock, keepAliveMs: 30_000 }).body!.getReader()
  await reader.read()
  await expect(reader.read()).rejects.toThrow('the disk is full')
  await turnOfTheLoop()
  expect(clock.sleeping).toBe(0)
})

test('a quiet stream shows a sign of life, one that has frames waiting does not', async () => {
  const clock = new FakeClock()
  const next = Promise.withResolvers<string>()
  async function* frames() {
    yield await next.promise
  }
  const reader = sseResponse(frames(), { clock, keepAliveMs: 1_000 }).body!.getReader()
  const sign = reader.read()
  await clock.advance(1_000)
  expect(new TextDecoder().decode((await sign).value)).toBe(': keep-alive\n\n')
  next.resolve('data: 1\n\n')
  await clock.advance(10_000)
  expect(new TextDecoder().decode((await reader.read()).value)).not.toContain('data: 1\n\n: keep-alive')
  await reader.cancel()
})

test('empty renderings are no frames', async () => {
  async function* frames() {
    yield ''
    yield 'data: 1\n\n'
    yield ''
  }
  expect(await sseResponse(frames(), { clock: new FakeClock(), keepAliveMs: 30_000 }).text()).toBe('data: 1\n\n')
})
