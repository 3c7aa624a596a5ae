import { expect, test } from 'vitest'
import { searchTermsOf } from '../search-text.ts'
import { indexedText, matchExpression, scopeToken } from './search-text.ts'

test('there is nothing to look for in nothing, or in exclusions alone', () => {
  for (const query of ['', '   ', '-milk', '"', '!?']) expect(matchExpression(searchTermsOf(query), [])).toBeUndefined()
})

test('the output of a tool is indexed by its beginning, a message by more of it', () => {
  const long = 'x'.repeat(60_000)
  expect(indexedText('tool', long)).toHaveLength(8_000)
  expect(indexedText('user', long)).toHaveLength(50_000)
})

test('owners and sessions have words of their own, whatever their names', () => {
  const tokens = [scopeToken('owner', 'a'), scopeToken('session', 'a'), scopeToken('owner', 'A'), scopeToken('owner', 'a OR b')]
  expect(new Set(tokens).size).toBe(4)
  for (const token of tokens) expect(token).toMatch(/^[os][0-9a-f]{24}$/)
})
