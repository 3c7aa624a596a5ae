/** Fences and code spans, closed or not yet. */
const CODE = /(```[\s\S]*?(?:```|$)|`[^`\n]*`)/

/**
 * Markdown as the content of a card, which is what Feishu lets us change as often as an answer grows. Feishu's own tags
 * can neither mention anybody nor pose as the service: out of a text no tag is made.
 */
export function markdownCard(markdown: string): string {
  return cardWith({ tag: 'markdown', content: neutralise(markdown) })
}

/** The same words without any markup, for a text that Feishu does not take as Markdown. */
export function plainCard(text: string): string {
  return cardWith({ tag: 'div', text: { tag: 'plain_text', content: text } })
}

function cardWith(element: object): string {
  return JSON.stringify({ schema: '2.0', config: { update_multi: true }, body: { elements: [element] } })
}

function neutralise(markdown: string): string {
  return markdown
    .split(CODE)
    .map((part, index) => {
      // Code is to stay what it is; only what would call people is broken, in case Feishu sees the end of code elsewhere.
      if (index % 2 === 1) return part.replaceAll(/<(?=\/?(?:at|person)\b)/gi, '<\u200b')
      // A picture from elsewhere would be refused, and with it the whole card.
      return part.replaceAll(/!\[([^\]]*)\]\(/g, '[$1](').replaceAll('<', '&#60;')
    })
    .join('')
}
