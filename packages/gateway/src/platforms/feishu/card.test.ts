import { expect, test } from 'vitest'
import { markdownCard, plainCard } from './card.ts'

const shown = (markdown: string) => {
  const { body } = JSON.parse(markdownCard(markdown)) as { body: { elements: { content: string }[] } }
  return body.elements[0]?.content
}

test('Markdown stays Markdown, and code stays what it is', () => {
  for (const text of ['**bold** and `a < b`', '# Title\n- one', '```html\n<div>1 < 2</div>\n```', '```\nhalf <b>', '> quoted']) expect(shown(text)).toBe(text)
})

test('no tag of Feishu comes out of a text: nobody is called, nothing is coloured, no picture is fetched', () => {
  expect(shown('<at id=all></at> hi <AT id=all></AT>')).toBe('&#60;at id=all>&#60;/at> hi &#60;AT id=all>&#60;/AT>')
  expect(shown('<font color=red>x</font>')).not.toContain('<')
  expect(shown('![x](https://a.example/steal?q=secret)')).toBe('[x](https://a.example/steal?q=secret)')
  for (const code of ['`<at id=all></at>`', '```\n<at id=all></at>\n```', '`` ` <person id=x> ``']) expect(shown(code)).not.toMatch(/<\/?(?:at|person)\b/i)
})

test('a plain card says its words without any markup', () => {
  expect(JSON.parse(plainCard('**<at id=all>**'))).toMatchObject({
    body: { elements: [{ tag: 'div', text: { tag: 'plain_text', content: '**<at id=all>**' } }] },
  })
})
