import { FakeClock } from '@talaria/core/testing'
import { expect, test, vi } from 'vitest'
import type { Model, ModelCall, ModelPart } from './model.ts'
import { openModelStream } from './model-stream.ts'

const CALL: ModelCall = { prompt: [], attempt: 1 }
const START: ModelPart = { type: 'stream-start', warnings: [] }
const WORD: ModelPart = { type: 'text-delta', id: '0', delta: 'word' }
const FINISH: ModelPart = {
  type: 'finish',
  finishReason: { unified: 'stop', raw: 'stop' },
  usage: { inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 }, outputTokens: { total: 1, text: 1, reasoning: 0 } },
}

/** A model that says these parts; a number is a pause of so many milliseconds. */
function modelOf(clock: FakeClock, ...script: readonly (ModelPart | number)[]): Model {
  return {
    async *stream(_, signal) {
      for (const step of script) {
        if (typeof step === 'number') await clock.delay(step, signal)
        else yield step
      }
    },
  }
}

function limits(clock: FakeClock, signal = new AbortController().signal) {
  return { clock, signal, timeouts: { firstTokenMs: 1_000, idleMs: 100 } }
}

test('a model that never begins is given up after firstTokenMs, however much it prepares', async () => {
  const clock = new FakeClock()
  const opening = openModelStream(modelOf(clock, START, 90, { type: 'ping' }, 90, { type: 'text-start', id: '0' }, 5_000), CALL, limits(clock))
  const failure = opening.catch((error: unknown) => error)
  await clock.advance(999)
  await clock.advance(1)
  expect(await failure).toMatchObject({ code: 'model_first_token_timeout' })
})

test('a model may take longer to begin than to go on', async () => {
  const clock = new FakeClock()
  const opening = openModelStream(modelOf(clock, 900, WORD, FINISH), CALL, limits(clock))
  await clock.advance(900)
  await expect(opening).resolves.toBeDefined()
})

test('a model that stops in the middle is given up after idleMs', async () => {
  const clock = new FakeClock()
  const stream = await openModelStream(modelOf(clock, WORD, 90, WORD, 5_000), CALL, limits(clock))
  expect(await stream.next()).toBe(WORD)
  const second = stream.next()
  await clock.advance(90)
  expect(await second).toBe(WORD)
  const failure = stream.next().catch((error: unknown) => error)
  await clock.advance(99)
  await clock.advance(1)
  expect(await failure).toMatchObject({ code: 'model_idle_timeout' })
  await stream.close()
})

test('a slow reader is not taken for a slow model', async () => {
  const clock = new FakeClock()
  const stream = await openModelStream(modelOf(clock, WORD, WORD, FINISH), CALL, limits(clock))
  await stream.next()
  await clock.advance(60_000)
  expect(await stream.next()).toBe(WORD)
  expect(await stream.next()).toBe(FINISH)
  await stream.close()
})

test('one timer watches a stream, however many parts come', async () => {
  const clock = new FakeClock()
  const delay = vi.spyOn(clock, 'delay')
  const stream = await openModelStream(modelOf(clock, ...Array.from({ length: 500 }, () => WORD), FINISH), CALL, limits(clock))
  while (await stream.next()) {
    // Nothing to do with them.
  }
  await stream.close()
  // One to watch it, one that bounds the wait for the end of the body.
  expect(delay.mock.calls.length).toBeLessThanOrEqual(2)
})

test('a stream that ended, failed or was aborted keeps no listener on the signal of its turn', async () => {
  const clock = new FakeClock()
  const { signal } = new AbortController()
  const added = vi.spyOn(signal, 'addEventListener')
  const removed = vi.spyOn(signal, 'removeEventListener')
  for (let i = 0; i < 10; i++) {
    const stream = await openModelStream(modelOf(clock, WORD, FINISH), CALL, limits(clock, signal))
    await stream.close()
    await stream.close()
    await expect(openModelStream(modelOf(clock, { type: 'error', error: new Error('no') }), CALL, limits(clock, signal))).rejects.toThrow('no')
  }
  expect(added).toHaveBeenCalledTimes(20)
  expect(removed.mock.calls.length).toBeGreaterThanOrEqual(20)
})

test('closing in the middle returns the iterator of the model', async () => {
  const clock = new FakeClock()
  let returned = false
  const model: Model = {
    async *stream() {
      try {
        for (;;) yield WORD
      } finally {
        returned = true
      }
    },
  }
  const stream = await openModelStream(model, CALL, limits(clock))
  await stream.close()
  expect(returned).toBe(true)
})

test('whatever a model says when it is stopped, the reason is what is thrown', async () => {
  const clock = new FakeClock()
  const controller = new AbortController()
  const model: Model = {
    async *stream(_, signal) {
      yield WORD
      await clock.delay(5_000, signal).catch(() => Promise.reject(new Error('AbortError of a library')))
    },
  }
  const stream = await openModelStream(model, CALL, limits(clock, controller.signal))
  await stream.next()
  const failure = stream.next().catch((error: unknown) => error)
  const reason = new Error('enough')
  controller.abort(reason)
  expect(await failure).toBe(reason)
})

test.each(['error', 'interrupted'] as const)('an answer that ends with %s is a failure, not an answer', async (unified) => {
  const clock = new FakeClock()
  const finish = { ...FINISH, finishReason: { unified, raw: undefined } } as ModelPart
  await expect(openModelStream(modelOf(clock, finish), CALL, limits(clock))).rejects.toMatchObject({ code: 'model_answer_broken' })
})

test('an answer that ends before it begins is a failure', async () => {
  const clock = new FakeClock()
  await expect(openModelStream(modelOf(clock, START), CALL, limits(clock))).rejects.toMatchObject({ code: 'model_answer_broken' })
})
