import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'

test('delays wake in the order of their time, at their time, and those of one moment in the order they were made', async () => {
  const clock = new FakeClock(0)
  const woken: string[] = []
  for (const [name, ms] of [
    ['late', 30],
    ['first', 10],
    ['second', 10],
  ] as const)
    void clock.delay(ms).then(() => woken.push(`${name} ${clock.now()}`))
  await clock.advance(20)
  expect(woken).toEqual(['first 10', 'second 10'])
  await clock.advance(10)
  expect(woken.at(-1)).toBe('late 30')
})

test('a delay leaves no abort listener, neither when it is over nor when it was aborted', async () => {
  const clock = new FakeClock()
  const stop = new AbortController()
  const over = clock.delay(10, stop.signal)
  await clock.advance(10)
  await over
  expect(getEventListeners(stop.signal, 'abort')).toEqual([])

  const aborted = clock.delay(10, stop.signal)
  stop.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  expect(clock.sleeping).toBe(0)
})

test('a sleeper that lies down again while time moves is woken again on the way', async () => {
  const clock = new FakeClock(0)
  let beats = 0
  const heart = async () => {
    for (; beats < 5; beats++) await clock.delay(10)
  }
  void heart()
  await clock.advance(35)
  expect(beats).toBe(3)
})
