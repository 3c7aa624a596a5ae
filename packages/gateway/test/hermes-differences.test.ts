import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { gatewaySettings } from '../src/settings.ts'

// docs/hermes-differences.md says what is so, and names what shows it.

const root = new URL('../../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const page = read('docs/hermes-differences.md')
const [, behaviour = '', settings = ''] = page.split(/^## .*$/m)
const rowsOf = (section: string) =>
  section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split(' | '))

test('the page has each of the forty checks once, and every one names a test', () => {
  const checks = rowsOf(behaviour)
  expect(checks.map(([number]) => Number(number!.replace('| ', '')))).toEqual(Array.from({ length: 40 }, (_, n) => n + 1))
  for (const [number, , , shownBy] of checks) expect([number, shownBy]).toEqual([number, expect.stringMatching(/`[^`]+\.test\.ts`: “/)])
})

test('every test that the page names exists in the file that it names', () => {
  const named = [...behaviour.matchAll(/`([^`]+\.test\.ts)`: ((?:“[^”]+”)(?:<br>“[^”]+”)*)/g)]
  expect(named.length).toBeGreaterThanOrEqual(40)
  for (const [, file, sentences] of named) {
    const code = read(file!)
    for (const [, sentence] of sentences!.matchAll(/“([^”]+)”/g)) {
      expect([file, sentence, ["'", '"', '`'].some((quote) => code.includes(quote + sentence + quote))]).toEqual([file, sentence, true])
    }
  }
})

test('names of Hermes that are honoured are settings, those that are not there are none, and what replaces one is', () => {
  const known = new Set(Object.values(gatewaySettings).map(({ env }) => env))
  const rows = rowsOf(settings)
  expect(rows).toHaveLength(9)
  const namesIn = (cell: string) => [...cell.matchAll(/`([A-Z_0-9*]+)`/g)].map(([, name]) => name!)
  for (const [platform, honoured, renamed, missing] of rows) {
    const pairs = [...renamed!.matchAll(/`([A-Z_0-9]+)` → `([A-Z_0-9]+)`/g)]
    expect([platform, namesIn(honoured!).filter((name) => !known.has(name))]).toEqual([platform, []])
    expect([platform, pairs.filter(([, theirs, ours]) => known.has(theirs!) || !known.has(ours!)).map(([pair]) => pair)]).toEqual([platform, []])
    expect([platform, namesIn(missing!).filter((name) => known.has(name))]).toEqual([platform, []])
  }
})
