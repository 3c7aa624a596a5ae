import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Output } from './output.ts'

function outcome(chunks: readonly string[], limits: ConstructorParameters<typeof Output>[0]): { readonly text: string; readonly ended: string | undefined } {
  const output = new Output(limits)
  const text = chunks.map((chunk) => output.take('text', chunk)).join('') + output.flush()
  return { text, ended: output.ended }
}

const letters = fc.array(fc.stringMatching(/^[ab]{0,4}$/), { maxLength: 12 })

test('an answer ends before the stop sequence that is complete first, however it is chunked', () => {
  fc.assert(
    fc.property(letters, fc.array(fc.stringMatching(/^[ab]{1,3}$/), { maxLength: 3 }), (chunks, stops) => {
      const whole = chunks.join('')
      // Letter by letter, until what was said ends with one of them; the longest, when it is several.
      const complete = Array.from(whole, (_, index) => whole.slice(0, index + 1)).find((said) => stops.some((stop) => said.endsWith(stop)))
      const longest = Math.max(...stops.filter((stop) => complete?.endsWith(stop)).map((stop) => stop.length))
      expect(outcome(chunks, { stops })).toEqual(complete ? { text: complete.slice(0, -longest), ended: 'stop' } : { text: whole, ended: undefined })
    }),
  )
})

test('an answer is cut at the limit of tokens, and not ended by one that just fits', () => {
  fc.assert(
    fc.property(letters, fc.integer({ min: 0, max: 8 }), (chunks, maxTokens) => {
      const whole = chunks.join('')
      expect(outcome(chunks, { maxTokens })).toEqual({ text: whole.slice(0, maxTokens * 4), ended: whole.length > maxTokens * 4 ? 'length' : undefined })
    }),
  )
})

test('stop sequences are not looked for in the reasoning, whose length counts all the same', () => {
  const output = new Output({ maxTokens: 2, stops: ['x'] })
  expect(output.take('reasoning', 'x marks')).toBe('x marks')
  expect(output.take('text', 'ab')).toBe('a')
  expect(output.ended).toBe('length')
})
