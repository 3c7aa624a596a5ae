import { FakeClock } from '../testing/index.ts'
import { expect, test } from 'vitest'
import { FailureThrottle } from './failure-throttle.ts'

test('twenty failures within a minute are a person’s typing errors, the next ones wait for the end of that minute', async () => {
  const clock = new FakeClock()
  const throttle = new FailureThrottle(clock)
  for (let n = 0; n < 20; n++) expect(throttle.fail('a')).toBe(0)
  await clock.advance(15_000)
  expect(throttle.fail('a')).toBe(45)
  expect(throttle.fail('b')).toBe(0)
  await clock.advance(45_000)
  expect(throttle.fail('a')).toBe(0)
})

test('it remembers ten thousand addresses and no more: who has failed longest ago is forgotten', () => {
  const throttle = new FailureThrottle(new FakeClock())
  const exhaust = (address: string) => {
    for (let n = 0; n < 20; n++) throttle.fail(address)
  }
  exhaust('first')
  exhaust('second')
  for (let n = 0; n < 9_998; n++) throttle.fail(`other ${n}`)
  expect(throttle.fail('first')).toBeGreaterThan(0)
  throttle.fail('one more')
  expect(throttle.fail('second')).toBe(0)
})
