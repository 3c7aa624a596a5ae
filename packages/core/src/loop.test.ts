import { expect, test } from 'vitest'
import { startLoop, type Loop } from './loop.ts'
import { createLog, silentLog } from './log.ts'
import { FakeClock } from './testing/fake-clock.ts'

const everySecond = { name: 'beat', everyMs: 1_000, log: silentLog }

test('the first step runs at once, the next ones a pause after the end of the last', async () => {
  const clock = new FakeClock(0)
  const startedAt: number[] = []
  await using _loop = startLoop({
    ...everySecond,
    clock,
    async step() {
      startedAt.push(clock.now())
      await clock.delay(500)
    },
  })
  await clock.advance(3_000)
  expect(startedAt).toEqual([0, 1_500, 3_000])
  await clock.advance(500)
})

test('a loop that is told to wait first does so', async () => {
  const clock = new FakeClock(0)
  let steps = 0
  await using _loop = startLoop({ ...everySecond, clock, firstAfterMs: 5_000, step: async () => void steps++ })
  await clock.advance(4_999)
  expect(steps).toBe(0)
  await clock.advance(1)
  expect(steps).toBe(1)
})

test('a step that throws is logged and the loop goes on', async () => {
  const clock = new FakeClock(0)
  const lines: string[] = []
  let steps = 0
  await using _loop = startLoop({
    ...everySecond,
    clock,
    log: createLog('test', { destination: { write: (line) => lines.push(line) } }),
    async step() {
      if (++steps === 1) throw new Error('disk on fire')
    },
  })
  await clock.advance(1_000)
  expect(steps).toBe(2)
  expect(lines.join()).toMatch(/"loop":"beat".*disk on fire|disk on fire.*"loop":"beat"/)
})

test('wake begins the next step early, once however often it is called', async () => {
  const clock = new FakeClock(0)
  let steps = 0
  await using loop = startLoop({ ...everySecond, clock, step: async () => void steps++ })
  await clock.advance(10)
  loop.wake()
  loop.wake()
  await clock.advance(10)
  expect(steps).toBe(2)
  await clock.advance(999)
  expect(steps).toBe(3)
})

test('a wake while a step runs is followed by one more step, without a pause and without overlap', async () => {
  const clock = new FakeClock(0)
  let running = 0
  let most = 0
  const startedAt: number[] = []
  await using loop = startLoop({
    ...everySecond,
    clock,
    async step() {
      most = Math.max(most, ++running)
      startedAt.push(clock.now())
      await clock.delay(100)
      running--
    },
  })
  await clock.advance(50)
  loop.wake()
  loop.wake()
  await clock.advance(250)
  expect(startedAt).toEqual([0, 100])
  expect(most).toBe(1)
})

test('dispose aborts the signal, waits for the running step, and twice is once; nothing sleeps afterwards', async () => {
  const clock = new FakeClock(0)
  const { promise: tidied, resolve: tidy } = Promise.withResolvers<void>()
  let reason: unknown
  const loop = startLoop({
    ...everySecond,
    clock,
    async step(signal) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      reason = signal.reason
      await tidied
    },
  })
  await clock.advance(0)
  let disposed = 0
  const disposals = [loop, loop].map((one: Loop) => one[Symbol.asyncDispose]().then(() => disposed++))
  await clock.advance(0)
  expect(reason).toBeInstanceOf(Error)
  expect(disposed).toBe(0)
  tidy()
  await Promise.all(disposals)
  expect(clock.sleeping).toBe(0)
})

test('a sleeping loop ends at once when disposed, and a step that fails because of that is not logged', async () => {
  const clock = new FakeClock(0)
  const lines: string[] = []
  const log = createLog('test', { destination: { write: (line) => lines.push(line) } })
  const sleeping = startLoop({ ...everySecond, clock, log, step: async () => {} })
  const working = startLoop({ ...everySecond, clock, log, step: (signal) => clock.delay(60_000, signal) })
  await clock.advance(10)
  await sleeping[Symbol.asyncDispose]()
  await working[Symbol.asyncDispose]()
  expect(clock.sleeping).toBe(0)
  expect(lines).toEqual([])
})

test('a loop disposed before its first step never runs one', async () => {
  const clock = new FakeClock(0)
  let steps = 0
  await startLoop({ ...everySecond, clock, step: async () => void steps++ })[Symbol.asyncDispose]()
  await clock.advance(5_000)
  expect(steps).toBe(0)
})
