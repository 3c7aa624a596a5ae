import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Bell } from './bell.ts'

test('everybody who waits is woken once, after what happens in this turn of the loop', async () => {
  const bell = new Bell()
  let happened = 0
  const seen: number[] = []
  for (const _ of [1, 2]) void bell.wait().then(() => seen.push(happened))
  happened = 1
  bell.ring()
  happened = 2
  bell.ring()
  await turnOfTheLoop()
  expect(seen).toEqual([2, 2])
})

test('a ring that nobody waited for wakes nobody later', async () => {
  const bell = new Bell()
  let isWoken = false
  bell.ring()
  void bell.wait().then(() => (isWoken = true))
  await turnOfTheLoop()
  await turnOfTheLoop()
  expect(isWoken).toBe(false)
})
