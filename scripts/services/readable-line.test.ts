import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { readableLine } from './readable-line.ts'

const readable = (line: string) => stripVTControlCharacters(readableLine(line))

test('a log entry reads as time, level, sentence and fields', () => {
  const time = new Date(2026, 10, 24, 9, 5, 7).getTime()
  const entry = { level: 40, time, pid: 7, hostname: 'here', name: 'gateway', msg: 'Slow.', path: '/v1', took: { ms: 12 } }
  expect(readable(JSON.stringify(entry))).toBe('09:05:07 warn Slow. path=/v1 took={"ms":12}')
})

test.each(['listening', '{ not json', '{"level":"info"}', '', '[1]'])('a line that is no log entry stays as it is: %j', (line) => {
  expect(readable(line)).toBe(line)
})
