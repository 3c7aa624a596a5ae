import { expect, test } from 'vitest'
import { parseSchedule } from './parse-schedule.ts'
import { ScheduleError } from './schedule-error.ts'

const now = Date.parse('2026-06-01T12:00:00Z')
const read = (text: string, timezone = 'Europe/Berlin') => parseSchedule(text, { now, timezone })

test.for([
  ['every 30s', { kind: 'every', everyMs: 30_000, anchor: now }],
  ['Every 10 minutes', { kind: 'every', everyMs: 600_000 }],
  ['every 2h', { kind: 'every', everyMs: 7_200_000 }],
  ['every 1d', { kind: 'every', everyMs: 86_400_000 }],
  ['every 1h30m', { kind: 'every', everyMs: 5_400_000 }],
  ['in 30m', { kind: 'once', at: now + 1_800_000 }],
  ['30m', { kind: 'once', at: now + 1_800_000 }],
  ['2 days', { kind: 'once', at: now + 2 * 86_400_000 }],
  ['2026-07-01T09:00:00Z', { kind: 'once', at: Date.parse('2026-07-01T09:00Z') }],
  ['2026-07-01T09:00+05:30', { kind: 'once', at: Date.parse('2026-07-01T03:30Z') }],
  ['2026-07-01 09:00', { kind: 'once', at: Date.parse('2026-07-01T07:00Z') }],
  ['2026-12-24', { kind: 'once', at: Date.parse('2026-12-23T23:00Z') }],
  ['2027-03-28T02:30', { kind: 'once', at: Date.parse('2027-03-28T01:30Z') }],
  ['2026-10-25T02:30', { kind: 'once', at: Date.parse('2026-10-25T00:30Z') }],
  ['*/5 * * * *', { kind: 'cron', expression: '*/5 * * * *' }],
  ['  0 9  * * mon-fri ', { kind: 'cron', expression: '0 9 * * mon-fri', text: '0 9  * * mon-fri' }],
  ['30 0 9 1-15/2 JAN,jul SUN', { kind: 'cron', expression: '30 0 9 1-15/2 JAN,jul SUN' }],
  ['@daily', { kind: 'cron', expression: '0 0 * * *' }],
  ['@Hourly', { kind: 'cron', expression: '0 * * * *' }],
] as const)('%s is understood', ([text, expected]) => {
  expect(read(text)).toMatchObject(expected)
})

test('an instant up to two minutes ago is still to come, an earlier one is past', () => {
  expect(read('2026-06-01T11:58:30Z')).toMatchObject({ kind: 'once' })
  expect(() => read('2026-06-01T11:57:00Z')).toThrow(/is past/)
})

test.for([
  ['', 0, 'empty'],
  ['61 * * * *', 0, 'minute'],
  ['0,30,99 * * * *', 5, "'99'"],
  ['0 9 * * MON-FRY', 8, 'day of week'],
  ['0 9 32 * *', 4, 'day of month'],
  ['0 9 * FEB,FOO *', 10, 'month'],
  ['0 0 25 * * *', 4, 'hour'],
  ['99 0 0 * * *', 0, 'second'],
  ['1,,2 * * * *', 2, 'nothing stands here'],
  ['* * * *', 7, 'five fields'],
  ['* * * * * * *', 12, 'at most six'],
  ['0 0 31 2 *', 0, 'never comes'],
  ['  @reboot', 2, 'no macro'],
  ['every', 5, 'missing'],
  ['every 10', 8, 'unit'],
  ['every 10 parsecs', 9, 'parsecs'],
  ['every 0.5s', 6, 'second'],
  ['in 5m soon', 5, 'soon'],
  ['2026-13-01T09:00Z', 5, 'no month'],
  ['2026-02-30T09:00Z', 8, 'no day'],
  ['2026-06-31', 8, 'no day'],
  ['2026-07-01T25:00Z', 11, 'no hour'],
  ['2026-7-1', 0, 'no instant'],
  ['tomorrow', 8, 'five fields'],
] as const)("'%s' is refused at character %i", ([text, position, message]) => {
  const error = (() => {
    try {
      return read(text)
    } catch (problem) {
      return problem
    }
  })()
  expect(error).toBeInstanceOf(ScheduleError)
  expect(error).toMatchObject({ code: 'invalid_schedule', position, message: expect.stringContaining(message) })
})
