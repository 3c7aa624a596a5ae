import { expect, test } from 'vitest'
import { retryAfterMsOf, retryDelayMs } from './retry-delay.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const after = (responseHeaders: Record<string, string>) => retryAfterMsOf({ responseHeaders }, NOW)

test('the wait is anything up to a bound that doubles and then stays', () => {
  const bounds = [1, 2, 3, 4, 5, 6, 60].map((attempt) => retryDelayMs(attempt, 0, () => 0.999_999))
  expect(bounds).toEqual([499, 999, 1_999, 3_999, 7_999, 7_999, 7_999])
  expect(retryDelayMs(5, 0, () => 0)).toBe(0)
})

test('the wait is never shorter than the server asked for', () => {
  expect(retryDelayMs(1, 5_000, () => 0)).toBe(5_000)
})

test('retry-after is understood in seconds, as a date, and in milliseconds, which are more exact', () => {
  expect(after({ 'retry-after': '2' })).toBe(2_000)
  expect(after({ 'retry-after': '0.5' })).toBe(500)
  expect(after({ 'retry-after': 'Mon, 01 Jun 2026 12:00:07 GMT' })).toBe(7_000)
  expect(after({ 'retry-after': '2', 'retry-after-ms': '120' })).toBe(120)
})

test('a date that has passed is no wait, and nonsense says nothing', () => {
  expect(after({ 'retry-after': 'Mon, 01 Jun 2026 11:00:00 GMT' })).toBe(0)
  expect(after({ 'retry-after': 'soon' })).toBeUndefined()
  expect(after({ 'retry-after-ms': 'soon' })).toBeUndefined()
  expect(after({})).toBeUndefined()
})
