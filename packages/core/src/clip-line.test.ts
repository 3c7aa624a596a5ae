import { expect, test } from 'vitest'
import { clipLine } from './clip-line.ts'

const KB_64 = 65_536
const lineOf = (fields: object) => `${JSON.stringify(fields)}\n`

test('a line that is short enough is the same line', () => {
  const line = lineOf({ level: 50, msg: 'x'.repeat(60_000) })
  expect(clipLine(line, KB_64)).toBe(line)
})

test('a long string or list loses its end and says how long it was', () => {
  const clipped = clipLine(lineOf({ level: 50, msg: 'no', body: 'x'.repeat(100_000), items: Array.from({ length: 100 }, (_, index) => index) }), KB_64)
  expect(clipped.endsWith('}\n')).toBe(true)
  const fields = JSON.parse(clipped) as { body: string; items: unknown[]; msg: string; clippedFrom: number }
  expect(fields.msg).toBe('no')
  expect(fields.body).toMatch(/^x{4096}… \(100000 characters\)$/)
  expect(fields.items).toHaveLength(33)
  expect(fields.clippedFrom).toBeGreaterThan(100_000)
})

test('a line that is long because of its many fields keeps only the plain ones', () => {
  const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`field${index}`, 'y'.repeat(100)]))
  const clipped = clipLine(lineOf({ level: 50, msg: 'no', wide }), KB_64)
  expect(JSON.parse(clipped)).toEqual({ level: 50, msg: 'no', clippedFrom: expect.any(Number) as number })
  expect(clipLine(lineOf({ level: 50, ...wide, msg: 'x'.repeat(9_999) }), KB_64).length).toBeLessThan(KB_64)
})
