import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSchedule } from './parse-schedule.ts'
import { nextSlots, nextSlot, slotsBetween } from './slots.ts'

const at = (iso: string) => Date.parse(iso)
const iso = (times: readonly number[]) => times.map((time) => new Date(time).toISOString().replace(':00.000Z', 'Z'))
const tableOf = (timezone: string, texts: readonly string[], now = 0) => ({ timezone, schedules: texts.map((text) => parseSchedule(text, { now, timezone })) })
const next = (timezone: string, text: string, after: string, count: number) => iso(nextSlots(tableOf(timezone, [text]), at(after), count))

describe('where clocks are put forward, a time of day that is left out comes right after the gap, intervals leave it out', () => {
  test.for([
    ['Europe/Berlin', '30 2 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:00Z', '2026-03-30T00:30Z']],
    ['Europe/Berlin', '30 2,14 * * *', '2026-03-28T14:00Z', ['2026-03-29T01:00Z', '2026-03-29T12:30Z']],
    ['Europe/Berlin', '*/30 * * * *', '2026-03-29T00:00Z', ['2026-03-29T00:30Z', '2026-03-29T01:00Z', '2026-03-29T01:30Z']],
    ['Europe/Berlin', '0 9 * * *', '2026-03-28T12:00Z', ['2026-03-29T07:00Z', '2026-03-30T07:00Z']],
    ['America/New_York', '30 2 * * *', '2026-03-07T12:00Z', ['2026-03-08T07:00Z', '2026-03-09T06:30Z']],
    ['Australia/Lord_Howe', '15 2 * * *', '2026-10-03T00:00Z', ['2026-10-03T15:30Z', '2026-10-04T15:15Z']],
  ] as const)('%s: %s', ([zone, text, after, expected]) => {
    expect(next(zone, text, after, expected.length)).toEqual(expected)
  })
})

describe('where clocks are put back, a time of day comes once, intervals go on through both hours', () => {
  test.for([
    ['Europe/Berlin', '30 2 * * *', '2026-10-24T12:00Z', ['2026-10-25T00:30Z', '2026-10-26T01:30Z']],
    ['Europe/Berlin', '*/30 * * * *', '2026-10-25T00:00Z', ['2026-10-25T00:30Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z', '2026-10-25T02:00Z']],
    ['America/New_York', '30 1 * * *', '2026-10-31T12:00Z', ['2026-11-01T05:30Z', '2026-11-02T06:30Z']],
    ['Australia/Lord_Howe', '45 1 * * *', '2026-04-03T20:00Z', ['2026-04-04T14:45Z', '2026-04-05T15:15Z']],
    ['Australia/Lord_Howe', '*/15 * * * *', '2026-04-04T14:30Z', ['2026-04-04T14:45Z', '2026-04-04T15:00Z', '2026-04-04T15:15Z', '2026-04-04T15:30Z']],
  ] as const)('%s: %s', ([zone, text, after, expected]) => {
    expect(next(zone, text, after, expected.length)).toEqual(expected)
  })
})

test('an interval counts from its anchor, so that nothing that is late makes it drift', () => {
  const table = tableOf('UTC', ['every 10m'], at('2026-01-01T00:00:07Z'))
  expect(iso([nextSlot(table, at('2026-01-01T05:04:00Z'))!])).toEqual(['2026-01-01T05:10:07.000Z'])
  expect(nextSlot(table, at('2025-12-31T00:00Z'))).toBe(at('2026-01-01T00:10:07Z'))
})

test('of several schedules the nearest time is next, and a time that they share is one', () => {
  const table = tableOf('UTC', ['0 9 * * *', '0 9,17 * * *', '2026-01-01T12:00Z'], at('2026-01-01T00:00Z'))
  expect(iso(nextSlots(table, at('2026-01-01T00:00Z'), 4))).toEqual(['2026-01-01T09:00Z', '2026-01-01T12:00Z', '2026-01-01T17:00Z', '2026-01-02T09:00Z'])
  expect(nextSlots(tableOf('UTC', ['in 5m']), 0, 5)).toEqual([300_000])
})

test('looking back finds what looking forward finds, the newest where there are too many', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe']
  const texts = ['*/7 * * * *', '30 2 * * *', '15,45 1-3 * * *', '0 */5 * * MON-FRI', '*/20 30 2 * * *', 'every 37m', '0 0 L * *']
  const from = fc.integer({ min: at('2026-01-01T00:00Z'), max: at('2026-12-20T00:00Z') })
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.uniqueArray(fc.constantFrom(...texts), { minLength: 1, maxLength: 3 }), from, (zone, some, after) => {
      const table = tableOf(zone, some, at('2025-12-31T00:00:13Z'))
      const forward = nextSlots(table, after, 12)
      expect(slotsBetween(table, { from: after + 1, to: forward.at(-1)!, limit: 100 })).toEqual(forward)
      expect(slotsBetween(table, { from: after + 1, to: forward.at(-1)!, limit: 5 })).toEqual(forward.slice(-5))
    }),
    { numRuns: process.env.TALARIA_TEST_FULL ? 2_000 : 60 },
  )
})

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** What reads the fields of a local time off the system's own calendar. */
function calendarOf(timeZone: string) {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    minute: 'numeric',
    hour: 'numeric',
    day: 'numeric',
    month: 'numeric',
    weekday: 'short',
  })
  return (time: number) => {
    const { minute, hour, day, month, weekday } = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value])) as Record<
      string,
      string
    >
    return [Number(minute), Number(hour), Number(day), Number(month), WEEKDAYS.indexOf(weekday!)] as const
  }
}

const BOUNDS = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const

const EVERY = { text: '*', has: (_: number) => true }

/** A field of a cron expression, and whether a number is in it. */
const field = (index: number) => {
  const [min, max] = BOUNDS[index]!
  const number = fc.integer({ min, max })
  const range = fc.tuple(number, number, fc.integer({ min: 1, max: 5 })).map(([a, b, step]) => [Math.min(a, b), Math.max(a, b), step] as const)
  return fc.oneof(
    fc.constant(EVERY),
    // Not of days: whether such a day is given or left open is answered differently by every cron.
    index === 2 || index === 4
      ? fc.constant(EVERY)
      : fc.integer({ min: 1, max: 12 }).map((step) => ({ text: `*/${step}`, has: (n: number) => (n - min) % step === 0 })),
    number.map((one) => ({ text: String(one), has: (n: number) => n === one })),
    range.map(([a, b, step]) => ({ text: `${a}-${b}/${step}`, has: (n: number) => n >= a && n <= b && (n - a) % step === 0 })),
    fc.uniqueArray(number, { minLength: 2, maxLength: 4 }).map((some) => ({ text: some.join(','), has: (n: number) => some.includes(n) })),
  )
}

test('the next time is the first minute whose local time has all fields, found one by one', () => {
  const start = fc.integer({ min: at('2026-01-01T00:00Z') / 60_000, max: at('2026-12-20T00:00Z') / 60_000 })
  const zone = fc.constantFrom('UTC', 'Asia/Kolkata', 'Asia/Kathmandu')
  fc.assert(
    fc.property(fc.tuple(field(0), field(1), field(2), field(3), field(4)), zone, start, (fields, timezone, startMinute) => {
      const [minute, hour, day, month, weekday] = fields
      const localFields = calendarOf(timezone)
      // Of day and weekday one suffices where both are given, as in every cron.
      const isDay = (d: number, w: number) => (day.text === '*' || weekday.text === '*' ? day.has(d) && weekday.has(w) : day.has(d) || weekday.has(w))
      const found = nextSlot({ timezone, schedules: [{ kind: 'cron', text: '', expression: fields.map(({ text }) => text).join(' ') }] }, startMinute * 60_000)
      for (let time = (startMinute + 1) * 60_000; time < (startMinute + 3_000) * 60_000; time += 60_000) {
        const [m, h, d, mo, w] = localFields(time)
        if (!minute.has(m) || !hour.has(h) || !month.has(mo) || !isDay(d, w)) continue
        expect(found).toBe(time)
        return
      }
      expect(found === undefined || found >= (startMinute + 3_000) * 60_000).toBe(true)
    }),
    { numRuns: process.env.TALARIA_TEST_FULL ? 2_000 : 40 },
  )
})
