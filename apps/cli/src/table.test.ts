import { expect, test } from 'vitest'
import { table } from './table.ts'

test('columns are as wide as what stands in them, and lines end with words', () => {
  const rows = [
    ['api_server', ''],
    ['x', 'why not'],
  ]
  expect(table(['NAME', 'WHY'], rows)).toBe(['NAME        WHY', '----------  -------', 'api_server', 'x           why not'].join('\n'))
})

test('without rows there is only the head', () => {
  expect(table(['NAME'], [])).toBe('NAME\n----')
})
