import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitText } from './split-text.ts'

const opensCodeBlock = (part: string) => part.split('\n').filter((line) => line.startsWith('```')).length % 2 === 1

describe('splitText', () => {
  it('leaves alone what fits', () => {
    expect(splitText('short', 10)).toEqual(['short'])
    expect(splitText('', 10)).toEqual([])
  })

  it('cuts between paragraphs before lines, between lines before words', () => {
    expect(splitText('one two\n\nthree\nfour', 16)).toEqual(['one two', 'three\nfour'])
    expect(splitText('one two\nthree four five', 16)).toEqual(['one two', 'three four five'])
    expect(splitText('one two three', 8)).toEqual(['one two', 'three'])
  })

  it('closes a code block that it cuts and opens it again with its language', () => {
    expect(splitText('```ts\nconst a = 1\nconst b = 2\n```', 26)).toEqual(['```ts\nconst a = 1\n```', '```ts\nconst b = 2\n```'])
  })

  it('never cuts inside a character', () => {
    for (const part of splitText('😀'.repeat(9), 5)) expect(part.isWellFormed()).toBe(true)
    expect(splitText('😀😀', 1)).toEqual(['😀', '😀'])
  })

  it('makes parts that fit, are well formed and hold every word in order, of any text', () => {
    const words = fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\n', '\n\n', ' ', 'x'.repeat(40))), { maxLength: 60 })
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 80 }), (pieces, maxLength) => {
        const text = pieces.join(' ').replaceAll(/[`~]/g, "'")
        const parts = splitText(text, maxLength)
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(maxLength)
          expect(part.trim()).not.toBe('')
          if (text.isWellFormed()) expect(part.isWellFormed()).toBe(true)
        }
        expect(parts.join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''))
      }),
    )
  })

  it('leaves no code block open in any part, when the text leaves none open', () => {
    const block = fc.array(fc.stringMatching(/^[a-z ]{0,30}$/), { maxLength: 12 }).map((lines) => ['```ts', ...lines, '```'].join('\n'))
    const prose = fc.stringMatching(/^[a-z .]{0,60}$/)
    fc.assert(
      fc.property(fc.array(fc.oneof(block, prose), { maxLength: 8 }), fc.integer({ min: 40, max: 90 }), (pieces, maxLength) => {
        for (const part of splitText(pieces.join('\n\n'), maxLength)) {
          expect(part.length).toBeLessThanOrEqual(maxLength)
          expect(opensCodeBlock(part), part).toBe(false)
        }
      }),
    )
  })
})
