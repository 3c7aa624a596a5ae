import { createHash } from 'node:crypto'
import { phraseOf, spaceOut, type SearchTerm } from '../search-text.ts'

/** Beyond this a message is found by its beginning only. */
const INDEXED_CHARACTERS = 50_000

/** Output of tools is long and repeats itself; its beginning is what people look for. */
const INDEXED_TOOL_CHARACTERS = 8_000

/** What of a message goes into the index. */
export function indexedText(role: string, content: string): string {
  return spaceOut(content.slice(0, role === 'tool' ? INDEXED_TOOL_CHARACTERS : INDEXED_CHARACTERS))
}

/** The one word that stands for an owner or a session in the index's `scope` column. */
export function scopeToken(kind: 'owner' | 'session', id: string): string {
  return kind[0] + createHash('sha256').update(id).digest('hex').slice(0, 24)
}

/** An FTS5 expression for these terms within these scopes; `undefined` when there is nothing to look for. */
export function matchExpression(terms: readonly SearchTerm[], scopes: readonly string[]): string | undefined {
  const wanted = terms.filter((term) => !term.isExcluded).map(phraseOf)
  if (wanted.length === 0) return undefined
  const excluded = terms.filter((term) => term.isExcluded).map(phraseOf)
  const scope = scopes.map((token) => ` AND scope : "${token}"`)
  const found = `(content : (${wanted.join(' AND ')})${scope.join('')})`
  return excluded.length > 0 ? `${found} NOT content : (${excluded.join(' OR ')})` : found
}
