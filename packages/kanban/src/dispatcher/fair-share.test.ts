import { expect, test } from 'vitest'
import { fairShares } from './fair-share.ts'

const shares = (...of: (readonly [string, number, number])[]) => of.map(([board, running, weight]) => ({ board, running, weight }))

test('free places go to the boards that have the least, what runs already counted', () => {
  expect(Object.fromEntries(fairShares(shares(['a', 4, 1], ['b', 0, 1], ['c', 1, 1]), 4))).toEqual({ b: 3, c: 1 })
})

test('a board of twice the weight gets twice as much', () => {
  expect(Object.fromEntries(fairShares(shares(['a', 0, 1], ['b', 0, 2]), 6))).toEqual({ a: 2, b: 4 })
})

test('without places nobody gets one, and without boards nothing is divided', () => {
  expect(fairShares(shares(['a', 0, 1]), 0).size).toBe(0)
  expect(fairShares([], 5).size).toBe(0)
})

test('no board starves however much runs on another', () => {
  expect(fairShares(shares(['busy', 1_000, 1], ['late', 0, 1]), 1).get('late')).toBe(1)
})
