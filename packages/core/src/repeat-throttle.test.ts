import { expect, test } from 'vitest'
import { RepeatThrottle } from './repeat-throttle.ts'
import { FakeClock } from './testing/fake-clock.ts'

const throttleOf = (options: { total?: number } = {}) => {
  const clock = new FakeClock(0)
  return { clock, throttle: new RepeatThrottle<string>({ burst: 3, total: options.total ?? 100, windowMs: 1_000, clock }) }
}

test('a few of a kind pass, the last of them says so, the rest is counted and told once, when the window has ended', async () => {
  const { clock, throttle } = throttleOf()
  expect(Array.from({ length: 5 }, (_, index) => throttle.admit('disk', `disk ${index}`))).toEqual(['pass', 'pass', 'last', 'hold', 'hold'])
  expect(throttle.takeEnded()).toEqual([])
  await clock.advance(1_000)
  expect(throttle.takeEnded()).toEqual([{ item: 'disk 0', count: 2 }])
  expect(throttle.takeEnded()).toEqual([])
})

test('a new window lets the kind pass again, and what the old one held back is not lost', async () => {
  const { clock, throttle } = throttleOf()
  for (let count = 0; count < 5; count++) throttle.admit('disk', 'first')
  await clock.advance(1_000)
  expect(throttle.admit('disk', 'second')).toBe('pass')
  expect(throttle.takeEnded()).toEqual([{ item: 'first', count: 2 }])
})

test("kinds do not stand in each other's way until the total is reached", () => {
  const { throttle } = throttleOf({ total: 4 })
  for (let count = 0; count < 4; count++) throttle.admit('disk', 'disk')
  expect(throttle.admit('net', 'net')).toBe('last')
  expect(throttle.admit('dns', 'dns')).toBe('hold')
})

test('a window that held nothing back leaves nothing to tell', async () => {
  const { clock, throttle } = throttleOf()
  throttle.admit('disk', 'disk')
  await clock.advance(1_000)
  expect(throttle.takeEnded()).toEqual([])
})

test('a storm in which no two are alike is told in a bounded number of counts, and none is lost', async () => {
  const { clock, throttle } = throttleOf({ total: 10 })
  for (let kind = 0; kind < 5_000; kind++) throttle.admit(`kind ${kind}`, 'x')
  expect(throttle.takeEnded()).toEqual([])
  await clock.advance(1_000)
  const ended = throttle.takeEnded()
  expect(ended.length).toBeLessThanOrEqual(201)
  expect(ended.reduce((sum, { count }) => sum + count, 0)).toBe(4_990)
})
