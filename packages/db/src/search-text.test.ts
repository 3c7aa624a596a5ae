import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { searchTermsOf, snippetOf, spaceOut } from './search-text.ts'

test('each character of a script without spaces stands alone, and other words stay whole', () => {
  expect(spaceOut('用Docker部署').split(/ +/).filter(Boolean)).toEqual(['用', 'Docker', '部', '署'])
  expect(spaceOut('ラーメン').split(/ +/).filter(Boolean)).toEqual(['ラ', 'ー', 'メ', 'ン'])
  expect(spaceOut('hello wörld')).toBe('hello wörld')
})

test('composed and decomposed spellings are one', () => {
  expect(spaceOut('cafe\u0301')).toBe(spaceOut('caf\u00e9'))
  expect(spaceOut('\u1112\u1161\u11ab').trim()).toBe('한')
})

test('words, phrases, prefixes and exclusions are told apart, and marks alone are nothing', () => {
  expect(searchTermsOf('tea "green tea" ketl* -milk -"with sugar" -- * "" … "open end')).toEqual([
    { text: 'tea', isExcluded: false, isPrefix: false },
    { text: 'green tea', isExcluded: false, isPrefix: false },
    { text: 'ketl', isExcluded: false, isPrefix: true },
    { text: 'milk', isExcluded: true, isPrefix: false },
    { text: 'with sugar', isExcluded: true, isPrefix: false },
    { text: 'open end', isExcluded: false, isPrefix: false },
  ])
})

test('of a pasted page its first 64 words are looked for', () => {
  expect(searchTermsOf('word '.repeat(900))).toHaveLength(64)
})

test('a snippet shows where the words stand', () => {
  const content = `${'before '.repeat(50)}a Cup of TEA, please ${'after '.repeat(50)}`
  const { text, matches } = snippetOf(content, searchTermsOf('tea cup'))
  expect(text).toMatch(/^….*…$/)
  expect(matches.map(([from, to]) => text.slice(from, to))).toEqual(['Cup', 'TEA'])
})

/** Any code units, half characters included; often of few kinds, so that queries are found. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0x20, 0x22, 0x2a, 0x61, 0xd83d, 0xde00, 0x6771)))
  .map((units) => String.fromCharCode(...units))

test('a snippet is well formed, and its matches lie within it, whatever was said and looked for', () => {
  fc.assert(
    fc.property(anyText, anyText, (content, query) => {
      const terms = searchTermsOf(query)
      if (terms.every((term) => term.isExcluded)) return
      const { text, matches } = snippetOf(content, terms)
      expect(text.isWellFormed()).toBe(true)
      for (const [from, to] of matches) {
        expect(from).toBeGreaterThanOrEqual(0)
        expect(to).toBeGreaterThanOrEqual(from)
        expect(to).toBeLessThanOrEqual(text.length)
      }
    }),
  )
})
