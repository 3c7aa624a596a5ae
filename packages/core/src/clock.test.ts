import { getEventListeners } from 'node:events'
import { expect, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

test('a delay that is aborted rejects with the reason and leaves no listener and no timer', async () => {
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const stop = new AbortController()
  const delay = systemClock.delay(60_000, stop.signal)
  const reason = new Error('enough')
  stop.abort(reason)
  await expect(delay).rejects.toBe(reason)
  expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(timers)
})

test('a delay that is over leaves no listener on the signal', async () => {
  const stop = new AbortController()
  await systemClock.delay(1, stop.signal)
  expect(getEventListeners(stop.signal, 'abort')).toEqual([])
})

test('a delay on a signal that is aborted already rejects at once', async () => {
  await expect(systemClock.delay(60_000, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
})

test('a delay longer than a timer of Node can hold does not end early', async () => {
  vi.useFakeTimers()
  try {
    const days30 = 30 * 86_400_000
    let ended = false
    void systemClock.delay(days30).then(() => (ended = true))
    await vi.advanceTimersByTimeAsync(days30 - 1)
    expect(ended).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(ended).toBe(true)
  } finally {
    vi.useRealTimers()
  }
})
