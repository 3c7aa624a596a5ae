import fc from 'fast-check'
import { expect, test } from 'vitest'
import { renderMarkdown } from './render-markdown.ts'

/** What is shown, and each entity with the words that it covers. */
const shown = (markdown: string) => {
  const { text, entities } = renderMarkdown(markdown)
  return [text, ...entities.map(({ type, offset, length }) => `${type}: ${text.slice(offset, offset + length)}`)]
}

test('Markdown is shown as text with entities beside it', () => {
  expect(shown('Some **bold**, *slanted*, ~~gone~~ and `code`.')).toEqual([
    'Some bold, slanted, gone and code.',
    'bold: bold',
    'italic: slanted',
    'strikethrough: gone',
    'code: code',
  ])
  expect(shown('# A title\n- one\n* two')).toEqual(['A title\n• one\n• two', 'bold: A title'])
  expect(shown('> said\n> before\nafter')).toEqual(['said\nbefore\nafter', 'blockquote: said\nbefore'])
  expect(shown('**a *b* c**')).toEqual(['a b c', 'bold: a b c', 'italic: b'])
  expect(shown('***both***')).toEqual(['both', 'bold: both', 'italic: both'])
  expect(shown('| a | b |\n| - | - |')).toEqual(['| a | b |\n| - | - |', 'pre: | a | b |\n| - | - |'])
})

test('a fence keeps its language and what is in it, also while nothing closes it yet', () => {
  expect(renderMarkdown('```ts\nlet a = **1**\n```\nDone.')).toEqual({
    text: 'let a = **1**\nDone.',
    entities: [{ type: 'pre', offset: 0, length: 13, language: 'ts' }],
  })
  expect(shown('```\nhalf')).toEqual(['half', 'pre: half'])
})

test('offsets count UTF-16 code units', () => {
  expect(renderMarkdown('👩‍🚀 **b**').entities).toEqual([{ type: 'bold', offset: 6, length: 1 }])
})

test('links lead only where a reader expects links to lead', () => {
  expect(renderMarkdown('[here](https://a.example/x_(y))').entities).toEqual([{ type: 'text_link', offset: 0, length: 4, url: 'https://a.example/x_(y)' }])
  for (const text of ['[x](javascript:alert(1))', '[x](file:///etc/passwd)', '[x]( )']) expect(renderMarkdown(text)).toEqual({ text, entities: [] })
})

test('code is within nothing and nothing is within code', () => {
  expect(shown('**a `b` c**')).toEqual(['a b c', 'bold: a ', 'code: b', 'bold:  c'])
  expect(shown('`**a**`')).toEqual(['**a**', 'code: **a**'])
})

test('what is no complete markup stays as it was written', () => {
  for (const text of ['2 * 3 * 4', 'snake_case_name', '**open', '`open', 'a ** b', '<b>&amp;</b>', '[x', '\u200b*']) {
    expect(renderMarkdown(text)).toEqual({ text, entities: [] })
  }
  expect(shown('\\*not\\*')).toEqual(['*not*'])
  expect(shown('```\n```')).toEqual(['```\n```'])
})

test('whatever is written, entities stay within the text, nest, and the text never grows', () => {
  const pieces = fc.constantFrom('*', '**', '_', '~~', '`', '```\n', '\n', '> ', '# ', '- ', '[a](https://b.c)', '\\', ' ', 'word', '👍', '|', '<b>', '](')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const markdown = parts.join('')
      const { text, entities } = renderMarkdown(markdown)
      expect(text.length).toBeLessThanOrEqual(markdown.length)
      for (const { offset, length } of entities) {
        expect(length).toBeGreaterThan(0)
        expect(offset + length).toBeLessThanOrEqual(text.length)
      }
      for (const one of entities) {
        for (const other of entities) {
          const [first, second] = one.offset <= other.offset ? [one, other] : [other, one]
          const end = first.offset + first.length
          expect(second.offset >= end || second.offset + second.length <= end || second.offset === first.offset).toBe(true)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('a text made to be slow is not', () => {
  const startedAt = process.cpuUsage().user
  for (const piece of ['*a ', '**a*', '_a*', '`', '[', '~~a ~']) renderMarkdown(piece.repeat(4096 / piece.length))
  expect(process.cpuUsage().user - startedAt).toBeLessThan(1_000_000)
})
