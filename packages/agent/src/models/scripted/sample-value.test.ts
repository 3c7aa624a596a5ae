import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { sampleValue } from './sample-value.ts'

type Schema = Record<string, unknown>

const bounds = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 0, max: 20 }))

const { schema: anySchema } = fc.letrec<{ schema: Schema; leaf: Schema }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom<Schema>(
      { type: 'boolean' },
      { type: 'null' },
      { type: ['string', 'null'] },
      { enum: ['red', 'green'] },
      { const: 7 },
      { type: 'string', format: 'email' },
      { type: 'string', format: 'date-time' },
    ),
    bounds.map(([minimum, span]) => ({ type: 'integer', minimum, maximum: minimum + span })),
    bounds.map(([low, span]) => ({ type: 'number', exclusiveMinimum: low, exclusiveMaximum: low + span + 1 })),
    bounds.map(([low, step]) => ({ type: 'integer', minimum: low, multipleOf: step + 1 })),
    fc.tuple(fc.nat(20), fc.nat(20)).map(([minLength, more]) => ({ type: 'string', minLength, maxLength: minLength + more })),
  ),
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.tuple(tie('schema'), fc.nat(3)).map(([items, minItems]) => ({ type: 'array', items, minItems })),
    fc
      .dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie('schema'), { maxKeys: 4 })
      .map((properties) => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false })),
  ),
}))

test('a value satisfies its schema', () => {
  fc.assert(
    fc.property(anySchema, (schema) => {
      const value = sampleValue(schema)
      expect({ schema, value, issues: z.fromJSONSchema(schema).safeParse(value).error?.issues }).toEqual({ schema, value, issues: undefined })
    }),
    { numRuns: 500 },
  )
})

test('what is demanded is given, strings by the name of their property, and what is optional is not', () => {
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 3 }, note: { type: 'string' } },
    required: ['city', 'days'],
  }
  expect(sampleValue(schema)).toEqual({ city: 'city', days: 3 })
})

test('references are followed, and a schema that refers to itself comes to an end', () => {
  const tree = {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        properties: { name: { type: 'string' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
        required: ['name', 'next'],
      },
    },
  }
  expect(JSON.stringify(sampleValue(tree))).toMatch(/^\{"name":"name","next":.*null\}+$/)
  expect(() => sampleValue({ $ref: '#' })).not.toThrow()
})

test('parts of allOf are taken together', () => {
  const schema = {
    allOf: [
      { type: 'object', properties: { a: { const: 1 } }, required: ['a'] },
      { properties: { b: { const: 2 } }, required: ['b'] },
    ],
  }
  expect(sampleValue(schema)).toEqual({ a: 1, b: 2 })
})
