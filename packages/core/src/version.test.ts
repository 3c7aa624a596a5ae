import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { talariaVersion } from './version.ts'

test('the version is that of the root package.json', () => {
  const root = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { name: string; version: string }
  expect(root.name).toBe('talaria')
  expect(talariaVersion()).toBe(root.version)
})
