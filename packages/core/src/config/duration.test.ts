import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

test('a duration is read with its units, alone or together', () => {
  const cases = { '250ms': 250, '30s': 30_000, '10m': 600_000, '1h30m': 5_400_000, ' 1H 30M ': 5_400_000, '1.5d': 129_600_000, '30d': 2_592_000_000, '0': 0 }
  expect(Object.fromEntries(Object.keys(cases).map((text) => [text, parseDuration(text)]))).toEqual(cases)
})

test.each(['', '30', 's', '-5s', '5 minutes', '1e3s', '10x', '1h30', '5s,', `${'9'.repeat(30)}d`])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test('what is written is read back, in the largest unit that is exact', () => {
  const cases = { 0: '0', 250: '250ms', 30_000: '30s', 90_000: '90s', 600_000: '10m', 86_400_000: '1d', 2_592_000_000: '30d' }
  for (const [ms, text] of Object.entries(cases)) {
    expect(formatDuration(Number(ms))).toBe(text)
    expect(parseDuration(text)).toBe(Number(ms))
  }
})
