const LONGEST = 80

/** The beginning of a text on one line, to recognise it by; empty for what is no text. */
export function excerptOf(text: unknown): string {
  if (typeof text !== 'string') return ''
  const line = text.trim().replaceAll(/\s+/g, ' ')
  // By code points: half a character is shown as a question mark.
  return line.length > LONGEST ? `${[...line].slice(0, LONGEST - 1).join('')}…` : line
}
