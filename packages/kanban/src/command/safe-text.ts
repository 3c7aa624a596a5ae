/** What somebody said, without what a terminal would obey or a reader be misled by. */
export function safeText(text: string): string {
  return text.replaceAll(/[[\p{Cc}\u202A-\u202E\u2066-\u2069]--[\n\t]]/gv, '')
}

/** The same on one line, and no longer than that. */
export function safeLine(text: string, longest = 72): string {
  const line = safeText(text).replaceAll(/\s+/g, ' ').trim()
  const characters = [...line]
  return characters.length <= longest ? line : `${characters.slice(0, longest - 1).join('')}…`
}
