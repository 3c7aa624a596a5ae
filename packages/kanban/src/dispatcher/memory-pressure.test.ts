import { expect, test } from 'vitest'
import { pressureOf, readMemory, workersFor } from './memory-pressure.ts'

const reading = { availableBytes: 50, totalBytes: 100 }

test.each([
  [{}, 'none'],
  [{ availableBytes: 9 }, 'elevated'],
  [{ availableBytes: 3 }, 'critical'],
  [{ someStalled: 19, fullStalled: 0 }, 'none'],
  [{ someStalled: 20, fullStalled: 0 }, 'elevated'],
  [{ someStalled: 90, fullStalled: 10 }, 'critical'],
])('a host with %j is under pressure: %s', (changes, expected) => {
  expect(pressureOf({ ...reading, ...changes })).toBe(expected)
})

test('the host says how much memory it has, and that some of it is available', () => {
  const { availableBytes, totalBytes } = readMemory()
  expect(availableBytes).toBeGreaterThan(0)
  expect(totalBytes).toBeGreaterThan(availableBytes)
})

test('the number of workers follows the size of the host, within bounds', () => {
  expect([0.25, 1.5, 3, 64].map((gigabytes) => workersFor(gigabytes * 1_024 ** 3))).toEqual([2, 3, 6, 8])
})
