import { describe, expect, test } from 'vitest'
import { duration, flag, integer, list, oneOf, port, text, url } from './value-schemas.ts'

const NONE = Symbol('refused')

/** Text is what the environment gives, the rest what YAML gives. */
describe.each([
  {
    schema: text(),
    name: 'text',
    good: [
      [' a b ', 'a b'],
      [42, '42'],
    ],
    bad: ['', '  ', true, ['a'], {}],
  },
  {
    schema: oneOf('debug', 'info'),
    name: 'oneOf',
    good: [
      ['info', 'info'],
      [' INFO ', 'info'],
    ],
    bad: ['trace', '', 1],
  },
  {
    schema: flag(),
    name: 'flag',
    good: [
      ['true', true],
      ['YES', true],
      ['on', true],
      ['1', true],
      [1, true],
      [true, true],
      ['false', false],
      ['no', false],
      ['off', false],
      [0, false],
      [false, false],
    ],
    bad: ['maybe', '', '2', [], {}],
  },
  {
    schema: integer({ min: 1, max: 9_999_999 }),
    name: 'integer',
    good: [
      ['42', 42],
      [' 7 ', 7],
      ['10_000', 10_000],
      [42, 42],
    ],
    bad: ['', 'x', '1.5', 1.5, '0x10', '0', '10000000', NaN, true, '1e3'],
  },
  {
    schema: port(),
    name: 'port',
    good: [
      ['8642', 8642],
      ['0', 0],
      [65_535, 65_535],
    ],
    bad: ['65536', '-1', 'http', ''],
  },
  {
    schema: duration(),
    name: 'duration',
    good: [
      ['30s', 30_000],
      ['0', 0],
      [0, 0],
    ],
    bad: ['30', 30, 'soon', true],
  },
  {
    schema: list(text()),
    name: 'list',
    good: [
      ['a, b,,c ', ['a', 'b', 'c']],
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
      ['', []],
      [[], []],
    ],
    bad: [],
  },
  {
    schema: list(port()),
    name: 'list of ports',
    good: [
      ['1,2', [1, 2]],
      [
        [1, '2'],
        [1, 2],
      ],
      [3, [3]],
    ],
    bad: ['1,x', [1, 'x'], { a: 1 }],
  },
  {
    schema: url(),
    name: 'url',
    good: [
      ['http://127.0.0.1:8642/', 'http://127.0.0.1:8642'],
      [' https://a.example/v1 ', 'https://a.example/v1'],
    ],
    bad: ['a.example', 'ftp://a.example', 'http://', 7],
  },
])('$name', ({ schema, good, bad }) => {
  test('reads what people write', () => {
    for (const [raw, value] of good) expect([raw, schema.safeParse(raw).data]).toEqual([raw, value])
  })

  test('refuses the rest, and nothing at all unless it is optional', () => {
    for (const raw of bad) expect([raw, schema.safeParse(raw).data ?? NONE]).toEqual([raw, NONE])
    expect(schema.safeParse(undefined).success).toBe(false)
    expect(schema.optional().parse(undefined)).toBeUndefined()
  })

  test('says what it expects', () => {
    expect(schema.description).toMatch(/^(?:a |an |one of|true)/)
  })
})

test('the bounds of an integer are part of what it expects', () => {
  expect([integer(), integer({ min: 1 }), integer({ max: 9 }), integer({ min: 1, max: 9 })].map((schema) => schema.description)).toEqual([
    'a whole number',
    'a whole number, at least 1',
    'a whole number, at most 9',
    'a whole number from 1 to 9',
  ])
})
