import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRedact } from './redact.ts'

const KEY = 'correct-horse-battery'

test('a key of the settings is never shown, wherever it stands', () => {
  const redact = createRedact([KEY])
  fc.assert(fc.property(fc.string(), fc.string(), (before, after) => !redact(`${before}${KEY}${after}`).includes(KEY)))
})

test('half of a key that the provider repeats is not shown either', () => {
  expect(createRedact([])('Incorrect API key provided: sk-abcd****wxyz. Bearer abcdef')).toBe('Incorrect API key provided: [redacted] [redacted]')
})

test('placeholders such as ollama are words, not secrets', () => {
  expect(createRedact(['ollama'])('is ollama running?')).toBe('is ollama running?')
})

test('a whole upstream page becomes one short line', () => {
  const shown = createRedact([])(`<html>\n\u0000${'x'.repeat(100_000)}`)
  expect(shown.length).toBeLessThan(310)
  expect([...shown].filter((character) => character < ' ')).toEqual([])
})

test('a key that is cut by the limit does not come out as its half', () => {
  const shown = createRedact([KEY])(`${'x'.repeat(290)}${KEY}`)
  expect(shown).not.toContain('correct')
})
