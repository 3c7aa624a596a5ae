import { expect, test } from 'vitest'
import { BackOff } from './back-off.ts'

const waits = (random: number, count: number) => {
  const backOff = new BackOff(() => random)
  return Array.from({ length: count }, () => backOff.next())
}

test('a wait is between a second and a ceiling that doubles up to five minutes', () => {
  expect(waits(0, 12)).toEqual(Array.from({ length: 12 }, () => 1_000))
  expect(waits(1, 10)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000])
  expect(waits(0.5, 2)).toEqual([1_500, 2_500])
  expect(waits(1 / 3, 1)).toEqual([1_333])
  expect(waits(1, 2_000).at(-1)).toBe(300_000)
})

test('what failed together comes back at different times', () => {
  const waited = new Set(Array.from({ length: 100 }, () => new BackOff(Math.random).next()))
  expect(waited.size).toBeGreaterThan(50)
})

test('a service is given the time it asked for, up to a day', () => {
  const backOff = new BackOff(() => 0)
  expect([backOff.next(90_000), backOff.next(500), backOff.next(10 ** 12)]).toEqual([90_000, 1_000, 86_400_000])
})

test('after a reset it begins anew', () => {
  const backOff = new BackOff(() => 1)
  backOff.next()
  backOff.next()
  backOff.reset()
  expect(backOff.next()).toBe(2_000)
})
