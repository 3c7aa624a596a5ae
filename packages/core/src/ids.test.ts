import { expect, test } from 'vitest'
import { createId, uuidv7 } from './ids.ts'

test('ids of one millisecond sort in the order they were made', () => {
  const ids = Array.from({ length: 10_000 }, () => uuidv7(1_750_000_000_000))
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})

test('an id is a UUID version 7 that begins with its time', () => {
  const id = uuidv7(4_000_000_000_000)
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(4_000_000_000_000)
})

test('a prefixed id carries 32 hexadecimal digits', () => {
  expect(createId('resp')).toMatch(/^resp_[0-9a-f]{32}$/)
})
