import { expect, test } from 'vitest'
import { selectionOf } from './selection.ts'

const FOLDERS = ['apps/cli', 'packages/core', 'test']

test('no word selects every check of the whole repository', () => {
  expect(selectionOf([], FOLDERS)).toEqual({ checks: ['format', 'boundaries', 'lint', 'types', 'unused', 'tests'], folders: [] })
})

test('words select checks and packages, in any order', () => {
  expect(selectionOf(['packages/core', 'tests', 'lint'], FOLDERS)).toEqual({ checks: ['lint', 'tests'], folders: ['packages/core'] })
})

test('the package called test is not the check called tests', () => {
  expect(selectionOf(['test'], FOLDERS).folders).toEqual(['test'])
})

test('another word is refused with all that there are', () => {
  expect(() => selectionOf(['core'], FOLDERS)).toThrow(
    '"core" is neither a check (format, boundaries, lint, types, unused, tests) nor a package (apps/cli, packages/core, test).',
  )
})
