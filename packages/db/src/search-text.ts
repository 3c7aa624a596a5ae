/** Scripts that are written without spaces between words; `scx` takes marks such as the Japanese long vowel along. */
const UNSPACED = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Bopomofo}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]/gu

/** Below this code point there is no such script. */
const FIRST_UNSPACED = /[\u0e00-\u{10ffff}]/u

/**
 * Text as it is indexed and queried: each character of a script without spaces stands alone, so that FTS5's `unicode61`
 * takes it for a word, and a phrase of them finds words of any length, also right beside a Latin word. A trigram index
 * needs ten times the space and finds nothing shorter than three characters.
 */
export function spaceOut(text: string): string {
  const composed = text.normalize('NFC')
  return FIRST_UNSPACED.test(composed) ? composed.replace(UNSPACED, ' $& ') : composed
}

/** One thing that was searched for: words that must stand side by side. */
export interface SearchTerm {
  readonly text: string
  readonly isExcluded: boolean
  /** `wor*` finds words that begin so. */
  readonly isPrefix: boolean
}

/** More than anybody means; FTS5 takes 256 branches and no more. */
const MOST_TERMS = 64
const LONGEST_QUERY = 5_000

/** Words, "phrases", prefix* and -exclusions out of what somebody typed. Nothing a user types is FTS5 syntax. */
export function searchTermsOf(query: string): readonly SearchTerm[] {
  const terms: SearchTerm[] = []
  for (const [, minus, phrase, word] of query.slice(0, LONGEST_QUERY).matchAll(/(-?)(?:"([^"]*)"?|([^\s"]+))/g)) {
    if (terms.length === MOST_TERMS) break
    const isPrefix = word !== undefined && word.endsWith('*')
    // FTS5 reads an expression up to its first NUL.
    const text = (phrase ?? word ?? '').replaceAll(/[*\0]/g, ' ').trim()
    if (/[\p{L}\p{N}]/u.test(text)) terms.push({ text, isExcluded: minus === '-', isPrefix })
  }
  return terms
}

/** What stands for a term in an FTS5 expression. */
export function phraseOf({ text, isPrefix }: SearchTerm): string {
  return `"${spaceOut(text).replaceAll('"', ' ').trim()}"${isPrefix ? '*' : ''}`
}

/** A piece of a text around what was found, and where in that piece the words stand: `[from, to)` in UTF-16 units. */
export interface Snippet {
  readonly text: string
  readonly matches: readonly (readonly [number, number])[]
}

const SNIPPET_CHARACTERS = 160

/** The first place where a term stands, with its surroundings; the beginning where the index is more lenient than we. */
export function snippetOf(content: string, terms: readonly SearchTerm[]): Snippet {
  const words = terms.filter((term) => !term.isExcluded).map((term) => term.text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+'))
  const pattern = new RegExp(words.join('|'), 'giu')
  const at = content.search(pattern)
  const from = Math.max(0, (at === -1 ? 0 : at) - SNIPPET_CHARACTERS / 4)
  const piece = content
    .slice(from, from + SNIPPET_CHARACTERS)
    .toWellFormed()
    .replace(/\s/g, ' ')
  const matches = [...piece.matchAll(pattern)].map((match) => [match.index, match.index + match[0].length] as const)
  const before = from > 0 ? '…' : ''
  const after = from + SNIPPET_CHARACTERS < content.length ? '…' : ''
  return { text: before + piece + after, matches: matches.map(([start, end]) => [start + before.length, end + before.length]) }
}
