import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { currentTime } from './current-time.ts'

const tool = currentTime(new FakeClock(Date.parse('2026-01-31T23:30:00Z')))
const context = { sessionId: 'ses_1', signal: new AbortController().signal, progress: () => {} }

test('the time is told in the zone that was asked for', () => {
  expect(tool.run({ time_zone: 'Asia/Tokyo' }, context)).toMatch(/^Sunday,? 1 February 2026 at 08:30:00 GMT\+9 \(Asia\/Tokyo\)$/)
})

test('without a zone it is UTC', () => {
  expect(tool.run({}, context)).toMatch(/^Saturday,? 31 January 2026 at 23:30:00 UTC \(UTC\)$/)
})

test.each(['Middle/Earth', '', 'Berlin'])("'%s' is refused, and the model is told what a zone looks like", (zone) => {
  expect(() => tool.run({ time_zone: zone }, context)).toThrow(/not an IANA time zone such as Europe\/Berlin/)
})

test('the model is offered a JSON Schema that demands nothing', () => {
  expect(tool.parameters).toMatchObject({ type: 'object', properties: { time_zone: { type: 'string', default: 'UTC' } }, additionalProperties: false })
  expect(tool.parameters).not.toHaveProperty('required')
})
