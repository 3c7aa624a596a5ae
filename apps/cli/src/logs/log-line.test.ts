import { expect, test } from 'vitest'
import { isOfLevel, parseLogLine, renderLogLine } from './log-line.ts'

const line = (fields: Record<string, unknown>) => parseLogLine(JSON.stringify({ level: 40, time: 0, pid: 1, hostname: 'h', name: 'gateway', ...fields }))

test('a line for people has when, how grave, what, and the rest', () => {
  expect(renderLogLine(line({ platform: 'telegram', code: 5, err: { message: 'it is "late"', stack: 'at x' }, msg: 'Not connected.' }))).toBe(
    '1970-01-01T00:00:00.000Z WARN  Not connected. platform=telegram code=5 error="it is \\"late\\""',
  )
})

test('what others have written cannot speak to the terminal, nor pretend to be another line', () => {
  expect(renderLogLine(line({ msg: 'a\u001b[2Jb\nc' }))).toBe('1970-01-01T00:00:00.000Z WARN  a[2Jb c')
  expect(renderLogLine(parseLogLine('torn \u001b[31m'))).toBe('torn [31m')
})

test('a level lets graver ones through; what has no level is shown only to who asks for none', () => {
  expect([isOfLevel(line({ level: 40 }), 'warn'), isOfLevel(line({ level: 60 }), 'warn'), isOfLevel(line({ level: 30 }), 'warn')]).toEqual([true, true, false])
  for (const torn of ['half a li', 'null', '3', '{"level":"x"}']) {
    expect([isOfLevel(parseLogLine(torn), undefined), isOfLevel(parseLogLine(torn), 'trace')]).toEqual([true, false])
  }
})
