import { expect, test } from 'vitest'
import { age } from './age.ts'

test.for([
  [0, '0 s'],
  [59_999, '59 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h 0 min'],
  [90_061_000, '1 d 1 h'],
] as const)('%i ms ago is %s', ([ms, words]) => {
  expect(age(1_000_000, 1_000_000 + ms)).toBe(words)
})

test('what is still to come, by a clock that was set back, is now', () => {
  expect(age(2_000, 1_000)).toBe('0 s')
})
